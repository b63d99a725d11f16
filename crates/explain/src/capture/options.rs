//! curl's options, as far as a reader must know them: whether a value follows.
//!
//! From the table in curl's `src/tool_getparam.c` of August 2026, with what 7.88 had besides. A short
//! option stands after a slash.

const WITH_VALUE: &str = "\
    abstract-unix-socket alt-svc aws-sigv4 cacert capath cert/E cert-type ciphers config/K \
    connect-timeout connect-to continue-at/C cookie/b cookie-jar/c create-file-mode crlfile \
    curves data/d data-ascii data-binary data-raw data-urlencode delegation dns-interface \
    dns-ipv4-addr dns-ipv6-addr dns-servers doh-url dump-header/D ech egd-file engine \
    etag-compare etag-save expect100-timeout form/F form-string ftp-account \
    ftp-alternative-to-user ftp-method ftp-port/P ftp-ssl-ccc-mode happy-eyeballs-timeout-ms \
    haproxy-clientip header/H hostpubmd5 hostpubsha256 hsts httpsig-algo httpsig-headers \
    httpsig-key httpsig-keyid interface ip-tos ipfs-gateway json keepalive-cnt keepalive-time key \
    key-type knownhosts krb krb4 libcurl limit-rate local-port login-options mail-auth mail-from \
    mail-rcpt max-filesize max-redirs max-time/m netrc-file noproxy oauth2-bearer output/o \
    output-dir parallel-max parallel-max-host pass pinnedpubkey preproxy proto proto-default \
    proto-redir proxy/x proxy-cacert proxy-capath proxy-cert proxy-cert-type proxy-ciphers \
    proxy-crlfile proxy-header proxy-key proxy-key-type proxy-pass proxy-pinnedpubkey \
    proxy-service-name proxy-tls13-ciphers proxy-tlsauthtype proxy-tlspassword proxy-tlsuser \
    proxy-user/U proxy1.0 pubkey quote/Q random-file range/r rate referer/e request/X \
    request-target resolve retry retry-delay retry-max-time sasl-authzid service-name sigalgs \
    socks4 socks4a socks5 socks5-gssapi-service socks5-hostname speed-limit/Y speed-time/y \
    ssl-sessions stderr telnet-option/t tftp-blksize time-cond/z tls-max tls13-ciphers \
    tlsauthtype tlspassword tlsuser trace trace-ascii trace-config unix-socket upload-file/T \
    upload-flags url url-query user/u user-agent/A variable vlan-priority write-out/w";

const WITHOUT: &str = "\
    alpn anyauth append/a basic buffer/N ca-native cert-status clobber compressed compressed-ssh \
    create-dirs crlf digest disable/q disable-eprt disable-epsv disallow-username-in-url \
    doh-cert-status doh-insecure dump-ca-embed eprt epsv fail/f fail-early fail-with-body \
    false-start follow form-escape ftp-create-dirs ftp-pasv ftp-pret ftp-skip-pasv-ip ftp-ssl \
    ftp-ssl-ccc ftp-ssl-control ftp-ssl-reqd get/G globoff/g haproxy-protocol head/I http0.9 \
    http1.0/0 http1.1 http2 http2-prior-knowledge http3 http3-only ignore-content-length include \
    insecure/k ipv4/4 ipv6/6 junk-session-cookies/j keepalive list-only/l location/L \
    location-trusted mail-rcpt-allowfails manual/M metalink mptcp negotiate netrc/n \
    netrc-optional next/: npn ntlm ntlm-wb out-null parallel/Z parallel-immediate path-as-is \
    post301 post302 post303 progress-bar/# progress-meter proxy-anyauth proxy-basic \
    proxy-ca-native proxy-digest proxy-http2 proxy-http3 proxy-insecure proxy-negotiate \
    proxy-ntlm proxy-ssl-allow-beast proxy-ssl-auto-client-cert proxy-tlsv1 proxytunnel/p raw \
    remote-header-name/J remote-name/O remote-name-all remote-time/R remove-on-error \
    retry-all-errors retry-connrefused sasl-ir sessionid show-error/S show-headers/i silent/s \
    skip-existing socks5-basic socks5-gssapi socks5-gssapi-nec ssl ssl-allow-beast \
    ssl-auto-client-cert ssl-no-revoke ssl-reqd ssl-revoke-best-effort sslv2/2 sslv3/3 \
    styled-output suppress-connect-headers tcp-fastopen tcp-nodelay test-duphandle test-event \
    tftp-no-options tls-earlydata tlsv1/1 tlsv1.0 tlsv1.1 tlsv1.2 tlsv1.3 tr-encoding trace-ids \
    trace-time use-ascii/B verbose/v version/V wdebug xattr";

/// An option by its long name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Option {
    pub(super) name: &'static str,
    pub(super) takes_value: bool,
}

/// The option with this long name, or the only one that begins like this: curl takes those too.
pub(super) fn long(name: &str) -> std::option::Option<Option> {
    let bare = name.strip_prefix("no-").unwrap_or(name);
    let mut like = all().filter(|(option, _)| option.name.starts_with(name));
    match all().find(|(option, _)| option.name == name || option.name == bare) {
        Some((option, _)) => Some(option),
        None => like.next().filter(|_| like.next().is_none()).map(|(option, _)| option),
    }
}

pub(super) fn short(letter: char) -> std::option::Option<Option> {
    all().find(|(_, short)| *short == Some(letter)).map(|(option, _)| option)
}

fn all() -> impl Iterator<Item = (Option, std::option::Option<char>)> {
    let read = |takes_value| {
        move |entry: &'static str| {
            let (name, short) = entry.split_once('/').unwrap_or((entry, ""));
            (Option { name, takes_value }, short.chars().next())
        }
    };
    let with = WITH_VALUE.split_ascii_whitespace().map(read(true));
    with.chain(WITHOUT.split_ascii_whitespace().map(read(false)))
}
