internal import CCrypto

/// An RSA key for tests.
///
/// Sendable because libcrypto only reads a key once it is made.
package final class FakeRSAKey: @unchecked Sendable {
    private let key: OpaquePointer

    package init(bits: Int32 = 2_048) {
        guard let key = b2_new_rsa_key(bits) else { fatalError("libcrypto makes no RSA key of \(bits) bits") }
        self.key = key
    }

    deinit {
        EVP_PKEY_free(key)
    }

    /// The private key in PEM, as PKCS #8.
    package var pemRepresentation: String {
        var text = [CChar](repeating: 0, count: 16_384)
        let count = b2_private_key_pem(key, &text, Int32(text.count))
        precondition(count > 0, "libcrypto writes no PEM")
        return String(decoding: text.prefix(Int(count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Returns whether this is the RS256 signature of a text under this key.
    package func verifies(_ signature: [UInt8], of text: [UInt8]) -> Bool {
        guard let context = EVP_MD_CTX_new() else { return false }
        defer { EVP_MD_CTX_free(context) }
        return EVP_DigestVerifyInit(context, nil, EVP_sha256(), nil, key) == 1
            && EVP_DigestVerify(context, signature, signature.count, text, text.count) == 1
    }
}
