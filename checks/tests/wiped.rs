//! A dropped `Secret` leaves nothing in the memory that it lay in.

use std::mem::{ManuallyDrop, MaybeUninit, size_of};

use trusthooks::Secret;

const SIZE: usize = size_of::<Secret>();

#[test]
fn a_dropped_secret_is_wiped_in_place() {
    let mut place = ManuallyDrop::new(Secret::new("correct horse battery staple").unwrap());
    let before = bytes(&place);
    assert!(before.iter().filter(|byte| **byte != 0).count() > 40, "the keyed state is there");
    // SAFETY: dropped once, and not used as a `Secret` again.
    unsafe { ManuallyDrop::drop(&mut place) };
    let after = bytes(&place);
    // Two hash states of eight words each, and how many blocks went into them.
    assert_eq!(after, [0; SIZE]);
}

fn bytes(place: &ManuallyDrop<Secret>) -> [u8; SIZE] {
    let start: *const ManuallyDrop<Secret> = place;
    let mut bytes = [0; SIZE];
    for (offset, byte) in bytes.iter_mut().enumerate() {
        // SAFETY: within the value; all of it is initialized, as it has no padding.
        let read = unsafe { start.cast::<MaybeUninit<u8>>().add(offset).read_volatile() };
        // SAFETY: as above.
        *byte = unsafe { read.assume_init() };
    }
    bytes
}
