//! A dropped `Secret` leaves nothing in the memory that it lay in.

/// The stack that a key passed through on its way.
mod stack {
    use std::hint::black_box;

    use trusthooks::Secret;

    static KEY: [u8; 64] = *b"0Correct1Horse2Battery3Staple4Correct5Horse6Battery7Staple8Corre";

    /// As deep as anything here goes.
    const DEPTH: usize = 64 * 1024;

    #[test]
    fn is_wiped() {
        touch();
        assert!(!holds_a_trace(), "what is looked for is not there by itself");
        keep_a_copy();
        assert!(holds_a_trace(), "a copy that is left behind is found");
        touch();
        let secret = keyed();
        assert!(!holds_a_trace());
        drop(secret);
        assert!(!holds_a_trace());
    }

    #[inline(never)]
    fn keyed() -> Secret {
        // Far below the frames of what looks for it.
        let distance = [0_u8; DEPTH / 4];
        black_box(&distance);
        Secret::new(black_box(KEY.as_slice())).unwrap()
    }

    #[inline(never)]
    fn keep_a_copy() {
        let mut copy = [0; DEPTH / 4];
        for (byte, key) in copy[..64].iter_mut().zip(&KEY) {
            *byte = key ^ 0x36;
        }
        black_box(&copy);
    }

    /// Writes over all of it.
    #[inline(never)]
    fn touch() {
        let zeros = [0_u8; DEPTH];
        black_box(&zeros);
    }

    /// Whether a quarter of the key lies below this frame, as it is or as HMAC masks it.
    #[inline(never)]
    fn holds_a_trace() -> bool {
        let here = 0_u8;
        let top = (&raw const here).addr();
        (top - DEPTH / 2..top - 128).any(|at| {
            let masked = |mask| (0..16).all(|offset| byte(at + offset) == KEY[offset] ^ mask);
            masked(0) || masked(0x36) || masked(0x5c)
        })
    }

    fn byte(at: usize) -> u8 {
        // SAFETY: within this thread's stack, which `touch` has written to.
        unsafe { std::ptr::with_exposed_provenance::<u8>(at).read_volatile() }
    }
}

#[cfg(not(feature = "aws-lc-rs"))]
mod in_place {
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
}

/// With AWS-LC the keyed state is on the heap, and wiped by the library before it is given back.
#[cfg(feature = "aws-lc-rs")]
mod on_the_heap {
    use std::{
        alloc::{GlobalAlloc, Layout, System},
        cell::Cell,
        mem::transmute_copy,
        ptr::null,
    };

    use trusthooks::Secret;

    /// Looks at what is given back.
    struct Inspecting;

    thread_local! {
        static AWAITED: Cell<*const u8> = const { Cell::new(null()) };
        static LEFT: Cell<Option<usize>> = const { Cell::new(None) };
    }

    // SAFETY: everything is left to the system's allocator.
    unsafe impl GlobalAlloc for Inspecting {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            // SAFETY: as the caller promised.
            unsafe { System.alloc(layout) }
        }

        unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
            if AWAITED.get() == pointer.cast_const() {
                // SAFETY: the block is the caller's until the next line.
                LEFT.set(Some(unsafe { written(pointer, layout.size()) }));
            }
            // SAFETY: as the caller promised.
            unsafe { System.dealloc(pointer, layout) }
        }
    }

    #[global_allocator]
    static ALLOCATOR: Inspecting = Inspecting;

    /// The number of these bytes that are not zero.
    unsafe fn written(start: *const u8, length: usize) -> usize {
        // SAFETY: as the caller promised.
        (0..length).filter(|offset| unsafe { start.add(*offset).read_volatile() } != 0).count()
    }

    #[test]
    fn a_dropped_secret_is_wiped_before_it_is_freed() {
        let secret = Secret::new("correct horse battery staple").unwrap();
        // SAFETY: with this feature, a secret is a box.
        let block: *const u8 = unsafe { transmute_copy(&secret) };
        // SAFETY: three hash states, each with its buffer, are longer than that.
        assert!(unsafe { written(block, 600) } > 64, "the keyed state is there");
        AWAITED.set(block);
        drop(secret);
        // The rest is a pointer to the name of the algorithm.
        assert!(LEFT.get().expect("it was freed") <= size_of::<usize>());
    }
}
