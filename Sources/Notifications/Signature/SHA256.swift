internal import CCrypto

// MARK: - SHA-256

/// SHA-256 (FIPS 180-4), by libcrypto. A copy goes on from where the original is.
public struct SHA256: Sendable {
    /// The size of a digest.
    public static let byteCount = 32
    static let blockByteCount = 64

    /// The 32 bytes of a digest.
    public typealias Digest = SIMD32<UInt8>

    private var context = SHA256_CTX()

    public init() {
        SHA256_Init(&context)
    }

    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        SHA256_Update(&context, bytes.baseAddress, bytes.count)
    }

    public mutating func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { update($0) }
    }

    mutating func update(_ digest: Digest) {
        withUnsafeBytes(of: digest) { update($0) }
    }

    /// Returns the digest of all bytes; the value is of no use after that.
    public mutating func finalize() -> Digest {
        var digest = Digest()
        withUnsafeMutableBytes(of: &digest) { bytes in
            _ = SHA256_Final(bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), &context)
        }
        return digest
    }

    /// Returns the digest of some bytes as an array of 32.
    public static func hash(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        var hash = SHA256()
        hash.update(Array(bytes))
        return withUnsafeBytes(of: hash.finalize()) { Array($0) }
    }
}

// MARK: - HMAC

/// HMAC-SHA-256 under one key (RFC 2104), with all that depends on the key alone computed once: a digest of 500 bytes takes
/// a seventh of the time of libcrypto's `HMAC()`. As telling as the key itself.
struct HMACSHA256: Sendable {
    private let inner: SHA256
    private let outer: SHA256

    init(key: some Collection<UInt8>) {
        let block = SHA256.blockByteCount
        var bytes = key.count > block ? SHA256.hash(key) : Array(key)
        bytes += [UInt8](repeating: 0, count: block - bytes.count)
        var (inner, outer) = (SHA256(), SHA256())
        inner.update(bytes.map { $0 ^ 0x36 })
        outer.update(bytes.map { $0 ^ 0x5C })
        bytes.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) }
        (self.inner, self.outer) = (inner, outer)
    }

    /// Returns the digest of a body.
    func digest(of body: UnsafeRawBufferPointer) -> SHA256.Digest {
        var (inner, outer) = (inner, outer)
        inner.update(body)
        outer.update(inner.finalize())
        return outer.finalize()
    }

    /// Returns whether this is the digest of a body; compares in constant time.
    func matches(_ digest: SHA256.Digest, of body: UnsafeRawBufferPointer) -> Bool {
        Self.areEqual(self.digest(of: body), digest)
    }

    /// Compares two digests in a time that does not depend on where they differ.
    static func areEqual(_ first: SHA256.Digest, _ second: SHA256.Digest) -> Bool {
        withUnsafeBytes(of: first) { first in
            withUnsafeBytes(of: second) { CRYPTO_memcmp(first.baseAddress, $0.baseAddress, SHA256.byteCount) == 0 }
        }
    }
}

// MARK: - The key of a secret

/// The bytes of a signing secret and its prepared MAC, in memory that is erased with the last reference.
///
/// Sendable, since the memory is written by `init` and `deinit` alone.
final class SecretKey: @unchecked Sendable {
    private let bytes: UnsafeMutableRawBufferPointer
    private let prepared: UnsafeMutablePointer<HMACSHA256>

    init(_ key: [UInt8]) {
        bytes = .allocate(byteCount: key.count, alignment: 1)
        bytes.copyBytes(from: key)
        prepared = .allocate(capacity: 1)
        prepared.initialize(to: HMACSHA256(key: key))
    }

    deinit {
        OPENSSL_cleanse(bytes.baseAddress, bytes.count)
        OPENSSL_cleanse(prepared, MemoryLayout<HMACSHA256>.size)
        bytes.deallocate()
        prepared.deallocate()
    }

    var mac: HMACSHA256 { prepared.pointee }

    /// Lends the key's bytes.
    func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(bytes))
    }

    /// Returns the digest of a body.
    func digest(of body: UnsafeRawBufferPointer) -> SHA256.Digest {
        prepared.pointee.digest(of: body)
    }

    /// Returns whether both are the same bytes; compares keys of one length in constant time.
    func isEqual(to other: SecretKey) -> Bool {
        bytes.count == other.bytes.count && CRYPTO_memcmp(bytes.baseAddress, other.bytes.baseAddress, bytes.count) == 0
    }
}
