import Base
import CCrypto
import Foundation
import Notifications

/// A certificate with its key, made for a test.
package final class FakeCertificate: @unchecked Sendable {
    // Nothing changes once it is made, and libcrypto only reads from it.
    fileprivate let x509: OpaquePointer
    fileprivate let key: OpaquePointer
    /// The certificate in PEM.
    package let pem: String
    /// Its key in PEM, as PKCS #8.
    package let keyPEM: String

    /// The bytes of the certificate, in DER.
    package let der: [UInt8]

    /// The kind of a certificate.
    package enum Kind {
        case server
        case authority
    }

    /// - Parameters:
    ///   - name: Its common name.
    ///   - names: The names of the server, such as `DNS:a.test` or `IP:127.0.0.1`.
    ///   - issuer: Nil for one that signs itself.
    ///   - days: The days of its validity, counted from now.
    package init(
        _ name: String, _ kind: Kind = .server, names: [String] = ["DNS:localhost", "IP:127.0.0.1"],
        by issuer: FakeCertificate? = nil, days: Range<Int> = -1..<90
    ) {
        guard let x509 = X509_new(), let key = Self.newKey() else { fatalError("libcrypto makes no certificate") }
        self.x509 = x509
        self.key = key
        X509_set_version(x509, 2)
        ASN1_INTEGER_set(X509_get_serialNumber(x509), Int.random(in: 1...Int(Int32.max)))
        X509_gmtime_adj(X509_getm_notBefore(x509), days.lowerBound * 86_400)
        X509_gmtime_adj(X509_getm_notAfter(x509), days.upperBound * 86_400)
        X509_set_pubkey(x509, key)
        X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", Self.ascii, name, -1, -1, 0)
        X509_set_issuer_name(x509, X509_get_subject_name(issuer?.x509 ?? x509))
        switch kind {
        case .server:
            Self.add(to: x509, NID_subject_alt_name, names.joined(separator: ","))
            Self.add(to: x509, NID_ext_key_usage, "serverAuth")
        case .authority:
            Self.add(to: x509, NID_basic_constraints, "critical,CA:TRUE")
            Self.add(to: x509, NID_key_usage, "critical,keyCertSign,cRLSign")
        }
        X509_sign(x509, issuer?.key ?? key, EVP_sha256())
        var bytes = [UInt8](repeating: 0, count: Int(i2d_X509(x509, nil)))
        let count = bytes.count
        bytes.withUnsafeMutableBufferPointer { buffer in
            var place: UnsafeMutablePointer<UInt8>? = buffer.baseAddress
            precondition(Int(i2d_X509(x509, &place)) == count)
        }
        der = bytes
        let text = Data(bytes).base64EncodedString(options: [.lineLength64Characters, .endLineWithLineFeed])
        pem = "-----BEGIN CERTIFICATE-----\n\(text)\n-----END CERTIFICATE-----\n"
        var buffer = [CChar](repeating: 0, count: 16_384)
        let length = b2_private_key_pem(key, &buffer, Int32(buffer.count))
        keyPEM = String(decoding: buffer.prefix(Int(length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The hash of its name, by which OpenSSL finds it in a folder.
    package var subjectHash: UInt { X509_subject_name_hash(x509) }

    /// The SHA-256 of its public key, as `sha256//` and Base64.
    package var pin: String {
        var bytes = [UInt8](repeating: 0, count: Int(i2d_PUBKEY(key, nil)))
        bytes.withUnsafeMutableBufferPointer { buffer in
            var place: UnsafeMutablePointer<UInt8>? = buffer.baseAddress
            i2d_PUBKEY(key, &place)
        }
        return "sha256//" + Data(SHA256.hash(bytes)).base64EncodedString()
    }

    deinit {
        X509_free(x509)
        EVP_PKEY_free(key)
    }

    /// `MBSTRING_ASC`, a macro that Swift cannot import.
    private static let ascii: Int32 = 0x1001

    private static func add(to x509: OpaquePointer, _ kind: Int32, _ value: String) {
        guard let addition = X509V3_EXT_conf_nid(nil, nil, kind, value) else { fatalError("no extension \(value)") }
        X509_add_ext(x509, addition, -1)
        X509_EXTENSION_free(addition)
    }

    private static func newKey() -> OpaquePointer? {
        guard let context = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, nil) else { return nil }
        defer { EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard EVP_PKEY_keygen_init(context) == 1,
            EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, NID_X9_62_prime256v1) == 1,
            EVP_PKEY_keygen(context, &key) == 1
        else { return nil }
        return key
    }
}

/// An authority of a test: a root, and an intermediate that it has issued.
package final class FakeAuthority: Sendable {
    package let root = FakeCertificate("b2watch test root", .authority)
    package let intermediate: FakeCertificate

    package init() {
        intermediate = FakeCertificate("b2watch test intermediate", .authority, by: root)
    }

    /// Returns the certificate of a server, from the intermediate.
    package func server(
        _ name: String = "localhost", names: [String] = ["DNS:localhost", "IP:127.0.0.1"],
        days: Range<Int> = -1..<90
    ) -> FakeCertificate {
        FakeCertificate(name, names: names, by: intermediate, days: days)
    }

    /// Returns the file of a server's certificate: its own, and the intermediate.
    package func chain(_ server: FakeCertificate) -> String { server.pem + intermediate.pem }
}
