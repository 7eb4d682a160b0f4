internal import Base
internal import CCrypto
internal import Glibc
internal import NIOCore
internal import NIOSSL
internal import Notifications
internal import Synchronization

/// The files with the certificate and the key of a listener that speaks HTTPS.
public struct TLSFiles: Sendable, Hashable {
    /// The file with the server's certificate in PEM, followed by those of the authorities between it and a root.
    public var certificate: String
    /// The file with its private key in PEM, without a passphrase.
    public var key: String

    public init(certificate: String, key: String) {
        self.certificate = certificate
        self.key = key
    }
}

/// The reason why a certificate or its key cannot be used.
public struct CertificateProblem: Error, Sendable, Hashable, CustomStringConvertible {
    /// The file, the problem, and a remedy.
    public let description: String

    init(_ file: String, _ problem: String) {
        description = "the TLS \(file) \(problem)"
    }
}

// MARK: - Reading

/// A certificate with its key, read and checked.
struct TLSPair {
    let context: NIOSSLContext
    /// The end of the certificate's validity, in seconds since 1970.
    let end: Int64
    /// Notes for the user about a usable pair.
    let notes: [String]
    /// The SHA-256 of the certificate's public key, in Base64, as clients pin it.
    let pin: String

    private static let largest = 1 << 20

    /// Reads and checks both files. Blocks as long as that takes.
    ///
    /// - Parameter now: The time at which the certificate must be valid, in seconds since 1970.
    init(_ files: TLSFiles, at now: Int64) throws(CertificateProblem) {
        let certificateBytes = try Self.read(files.certificate, "certificate")
        let keyBytes = try Self.read(files.key, "key", isSecret: true)
        let chain = try CertificateChain(certificateBytes, files.certificate)
        guard Self.looksLikeKey(keyBytes) else {
            throw CertificateProblem("key", "\(files.key) \(Self.format(keyBytes, wanted: "a private key"))")
        }
        guard let key = b2_private_key(keyBytes, Int32(keyBytes.count)) else {
            let isEncrypted = String(decoding: keyBytes, as: UTF8.self).contains("ENCRYPTED")
            throw CertificateProblem(
                "key",
                isEncrypted
                    ? "\(files.key) has a passphrase: write it without one, as with “openssl pkey -in KEY -out FILE”"
                    : "\(files.key) cannot be read: it is damaged, or of a kind that is not supported")
        }
        defer { EVP_PKEY_free(key) }
        try chain.check(with: key, in: files, at: now)
        notes = chain.notes(at: now, in: files)
        end = chain.leaf.end
        do {
            let certificates = try NIOSSLCertificate.fromPEMBytes(certificateBytes)
            let privateKey = try NIOSSLPrivateKey(bytes: keyBytes, format: .pem)
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: certificates.map { .certificate($0) }, privateKey: .privateKey(privateKey))
            configuration.minimumTLSVersion = .tlsv12
            configuration.applicationProtocols = ["http/1.1"]
            context = try NIOSSLContext(configuration: configuration)
            pin = Self.base64(SHA256.hash(try certificates[0].extractPublicKey().toSPKIBytes()))
        } catch {
            throw CertificateProblem("certificate", "\(files.certificate) cannot be used: \(error)")
        }
    }

    private static func read(
        _ path: String, _ name: String, isSecret: Bool = false
    ) throws(CertificateProblem) -> [UInt8] {
        func problem(_ number: Int32) -> CertificateProblem {
            CertificateProblem(name, "\(path) cannot be read: \(String(cString: strerror(number)))")
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw problem(errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw problem(errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw CertificateProblem(name, "\(path) is not a file") }
        guard !isSecret || status.st_mode & 0o007 == 0 else {
            throw CertificateProblem(
                name, "\(path) can be read by every user of this machine: chmod o-rwx it, and consider a new key")
        }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while bytes.count <= largest {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw problem(errno) }
            if count == 0 { return bytes }
            bytes += buffer.prefix(count)
        }
        throw CertificateProblem(name, "\(path) is larger than \(largest >> 20) MiB")
    }

    private static func base64(_ bytes: [UInt8]) -> String {
        var text = [UInt8](repeating: 0, count: (bytes.count + 2) / 3 * 4 + 1)
        b2_base64(bytes, Int32(bytes.count), &text)
        return String(decoding: text.dropLast(), as: UTF8.self)
    }

    private static func looksLikeKey(_ bytes: [UInt8]) -> Bool {
        let text = String(decoding: bytes, as: UTF8.self)
        return text.contains("-----BEGIN ") && text.contains("PRIVATE KEY-----")
    }

    /// Returns the format of a file that is not in PEM, and a remedy.
    ///
    /// - Parameter wanted: The expected contents.
    fileprivate static func format(_ bytes: [UInt8], wanted: String) -> String {
        let text = String(decoding: bytes.prefix(1 << 16), as: UTF8.self)
        if bytes.isEmpty { return "is empty: expected is \(wanted) in PEM" }
        if text.contains("-----BEGIN CERTIFICATE REQUEST") || text.contains("-----BEGIN NEW CERTIFICATE REQUEST") {
            return "is a request for a certificate: expected is \(wanted), which the authority answers it with"
        }
        if text.contains("-----BEGIN PKCS7") {
            return "is PKCS #7: write it in PEM, as with “openssl pkcs7 -print_certs -in FILE -out FILE.pem”"
        }
        if text.contains("PRIVATE KEY-----") {
            return "has a private key and no certificate: are the two files mixed up? expected is \(wanted) in PEM"
        }
        if text.contains("-----BEGIN CERTIFICATE") || text.contains("-----BEGIN TRUSTED CERTIFICATE") {
            return "has a certificate and no private key: are the two files mixed up? expected is \(wanted) in PEM"
        }
        // A sequence of ASN.1: DER, or PKCS #12.
        if bytes.first == 0x30 {
            return
                "is binary (DER or PKCS #12): write it in PEM, as with “openssl x509 -inform DER -in FILE -out FILE.pem”"
                + " or “openssl pkcs12 -in FILE -nodes -out FILE.pem”"
        }
        return "has nothing in PEM, which begins with -----BEGIN: expected is \(wanted)"
    }
}

/// The certificates of a file, in their order.
private final class CertificateChain {
    /// A certificate. The chain owns its memory.
    struct Certificate {
        let x509: OpaquePointer
        /// The start and the end of its validity, in seconds since 1970.
        let begin: Int64
        let end: Int64

        var isSelfIssued: Bool { X509_NAME_cmp(X509_get_subject_name(x509), X509_get_issuer_name(x509)) == 0 }
        var subject: String { CertificateChain.name(X509_get_subject_name(x509)) }
        var issuer: String { CertificateChain.name(X509_get_issuer_name(x509)) }

        func hasIssued(_ other: Certificate) -> Bool { X509_check_issued(x509, other.x509) == X509_V_OK }
    }

    let leaf: Certificate
    private let all: [Certificate]

    init(_ bytes: [UInt8], _ path: String) throws(CertificateProblem) {
        var found: [Certificate] = []
        if let bio = BIO_new_mem_buf(bytes, Int32(bytes.count)) {
            defer { BIO_free(bio) }
            while let x509 = PEM_read_bio_X509(bio, nil, b2_no_passphrase, nil) {
                let (begin, end) = (b2_seconds(X509_get0_notBefore(x509)), b2_seconds(X509_get0_notAfter(x509)))
                found.append(Certificate(x509: x509, begin: begin, end: end))
            }
            ERR_clear_error()
        }
        all = found
        guard let first = found.first else {
            let isDamaged = String(decoding: bytes, as: UTF8.self).contains("-----BEGIN CERTIFICATE-----")
            throw CertificateProblem(
                "certificate",
                "\(path) \(isDamaged ? "is damaged: no certificate in it can be read" : TLSPair.format(bytes, wanted: "a certificate"))"
            )
        }
        leaf = first
    }

    deinit {
        for certificate in all { X509_free(certificate.x509) }
    }

    /// Checks for problems because of which every client, or B2, would refuse the server.
    func check(with key: OpaquePointer, in files: TLSFiles, at now: Int64) throws(CertificateProblem) {
        if X509_check_private_key(leaf.x509, key) != 1 {
            ERR_clear_error()
            let other = all.dropFirst().contains { X509_check_private_key($0.x509, key) == 1 }
            ERR_clear_error()
            throw CertificateProblem(
                "certificate",
                other
                    ? "\(files.certificate) has the server's own certificate behind another: put it first, and behind it the one that issued it"
                    : "\(files.certificate) (\(leaf.subject)) is not of the key \(files.key): name the two files that were made together"
            )
        }
        let (begin, end) = (leaf.begin, leaf.end)
        guard now <= end else {
            throw CertificateProblem(
                "certificate", "\(files.certificate) (\(leaf.subject)) expired on \(Self.day(end)): renew it")
        }
        guard begin <= now else {
            throw CertificateProblem(
                "certificate",
                "\(files.certificate) (\(leaf.subject)) is not valid before \(Self.day(begin)): check the clock of this machine"
            )
        }
        for other in all.dropFirst() where other.end < now && !other.isSelfIssued {
            throw CertificateProblem(
                "certificate",
                "\(files.certificate) has an expired intermediate certificate (\(other.subject), until \(Self.day(other.end))):"
                    + " use the one that the authority gives with the new certificate")
        }
        if !leaf.isSelfIssued, !all.dropFirst().contains(where: { $0.hasIssued(leaf) }), !isTrusted {
            throw CertificateProblem(
                "certificate",
                "\(files.certificate) lacks the certificate that issued it (\(leaf.issuer)): B2 and most clients would refuse the"
                    + " connection; append it to the file, or use the file that has both, such as Let's Encrypt's fullchain.pem"
            )
        }
    }

    /// Returns notes for the user about a usable certificate.
    func notes(at now: Int64, in files: TLSFiles) -> [String] {
        var notes: [String] = []
        if leaf.isSelfIssued {
            notes.append("the TLS certificate \(files.certificate) is self-signed: B2 will not connect to it")
        } else if !isTrusted {
            notes.append(
                "the TLS certificate \(files.certificate) is from an authority that this machine does not know"
                    + " (\(all.last?.issuer ?? leaf.issuer)): B2 may not connect to it")
        }
        if leaf.end - now < 7 * 86_400 {
            notes.append("the TLS certificate \(files.certificate) expires on \(Self.day(leaf.end)): renew it")
        }
        return notes
    }

    /// Whether this machine's own list of authorities leads to the certificate.
    private var isTrusted: Bool {
        var others = all.dropFirst().map { Optional($0.x509) }
        return b2_verify_server(leaf.x509, &others, Int32(others.count)) == X509_V_OK
    }

    private static func name(_ name: OpaquePointer?) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        b2_name(name, &buffer, Int32(buffer.count))
        let bytes = buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:))
        // The text is written to a log.
        return String(decoding: bytes.map { (0x20...0x7E).contains($0) ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
    }

    static func day(_ seconds: Int64) -> String {
        String(Timestamp(milliseconds: seconds * 1_000).rfc3339.prefix(10))
    }
}

// MARK: - The certificate in use

/// The certificate for new connections. It is read again when its files have changed, for which a connection looks once
/// a second at most, so that nothing wakes while nobody connects.
final class TLSContext: Sendable {
    /// The facts that change with a file.
    private struct Stamp: Equatable {
        var device: UInt64 = 0
        var file: UInt64 = 0
        var size: Int64 = 0
        var written: [Int] = []

        init(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return }
            device = UInt64(status.st_dev)
            file = UInt64(status.st_ino)
            size = Int64(status.st_size)
            written = [
                status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec,
            ]
        }
    }

    private struct State {
        var pair: TLSPair
        var stamps: [Stamp]
        /// The files that could not be used, and whether that was reported, because a renewal may be incomplete.
        var refused: (stamps: [Stamp], isReported: Bool)?
        var looked: ContinuousClock.Instant
        /// The time at which the end of the certificate was last reported.
        var warned: Int64?
    }

    private let files: TLSFiles
    private let interval: Duration
    private let now: @Sendable () -> Timestamp
    private let log: @Sendable (String) -> Void
    private let state: Mutex<State>
    /// Notes for the user about the certificate at the start.
    let notes: [String]

    /// - Parameters:
    ///   - interval: The shortest time between two checks of the files.
    ///   - log: Receives lines for the user; called from any thread, and must not block.
    init(
        _ files: TLSFiles, every interval: Duration = .seconds(1), now: @escaping @Sendable () -> Timestamp,
        log: @escaping @Sendable (String) -> Void
    ) throws(CertificateProblem) {
        self.files = files
        self.interval = interval
        self.now = now
        self.log = log
        let stamps = [Stamp(files.certificate), Stamp(files.key)]
        let pair = try TLSPair(files, at: now().milliseconds / 1_000)
        notes = pair.notes
        state = Mutex(State(pair: pair, stamps: stamps, looked: .now))
    }

    /// The SHA-256 of the public key in use, in Base64.
    var pin: String { state.withLock { $0.pair.pin } }

    /// Returns the certificate for a new connection.
    func current() -> NIOSSLContext {
        let (context, lines) = state.withLock { state -> (NIOSSLContext, [String]) in
            let instant = ContinuousClock.now
            guard instant - state.looked >= interval else { return (state.pair.context, []) }
            state.looked = instant
            var lines = renew(&state)
            if let line = warning(&state) { lines.append(line) }
            return (state.pair.context, lines)
        }
        lines.forEach(log)
        return context
    }

    private func renew(_ state: inout State) -> [String] {
        let stamps = [Stamp(files.certificate), Stamp(files.key)]
        guard stamps != state.stamps else { return [] }
        if let refused = state.refused, refused.stamps == stamps, refused.isReported { return [] }
        do throws(CertificateProblem) {
            let pair = try TLSPair(files, at: now().milliseconds / 1_000)
            state.pair = pair
            state.stamps = stamps
            state.refused = nil
            state.warned = nil
            return ["the renewed TLS certificate is in use; it is valid until \(CertificateChain.day(pair.end))"]
                + pair.notes
        } catch {
            // The certificate may be written already, and its key not yet.
            let isSecond = state.refused?.stamps == stamps
            state.refused = (stamps, isSecond)
            return isSecond ? ["the changed TLS files are not used, the earlier certificate stays: \(error)"] : []
        }
    }

    private func warning(_ state: inout State) -> String? {
        let now = now().milliseconds / 1_000
        let day = Int64(86_400)
        guard state.pair.end - now < 7 * day, state.warned.map({ now - $0 >= day }) ?? true else { return nil }
        state.warned = now
        let date = CertificateChain.day(state.pair.end)
        return state.pair.end < now
            ? "THE TLS CERTIFICATE EXPIRED on \(date), B2 refuses the connection: renew \(files.certificate)"
            : "the TLS certificate expires on \(date): renew \(files.certificate)"
    }
}

// MARK: - Failed handshakes

/// The reason why a TLS connection was not established.
enum HandshakeFault: Sendable, Hashable {
    /// The peer does not accept the certificate.
    case certificate
    /// No version or cipher is shared.
    case version
    /// The peer ended the handshake, as OpenSSL does in TLS 1.3 if it does not accept the certificate.
    case ended
    case other

    /// Finds the reason of an error; nil for an error of something else.
    init?(_ error: any Error) {
        guard case NIOSSLError.handshakeFailed(let reason) = error else { return nil }
        let words = "\(reason)".uppercased()
        func has(_ texts: String...) -> Bool { texts.contains { words.contains($0) } }
        self =
            if has(
                "UNKNOWN_CA", "BAD_CERTIFICATE", "CERTIFICATE_UNKNOWN", "CERTIFICATE_EXPIRED", "UNSUPPORTED_CERTIFICATE"
            ) {
                .certificate
            } else if has(
                "UNSUPPORTED_PROTOCOL", "NO_SHARED_CIPHER", "VERSION", "HANDSHAKE_FAILURE", "INAPPROPRIATE_FALLBACK")
            {
                .version
            } else if has("EOF", "INVALID_OUTER_RECORD_TYPE", "DECRYPTION_FAILED") {
                // OpenSSL's alert about a certificate is sent in plain text in TLS 1.3, which BoringSSL does not read.
                .ended
            } else {
                .other
            }
    }

    /// Returns whether an error means that the peer closed the connection without ending TLS. The end of a request is
    /// visible in the request itself.
    static func isRaggedEnd(_ error: any Error) -> Bool {
        if case NIOSSLError.uncleanShutdown = error { return true }
        return false
    }

    var words: String {
        switch self {
        case .certificate: "the peer does not accept the certificate"
        case .version: "no TLS version or cipher in common; b2watch speaks TLS 1.2 and 1.3"
        case .ended: "the peer ended the TLS handshake; it may not accept the certificate"
        case .other: "the TLS handshake failed"
        }
    }
}
