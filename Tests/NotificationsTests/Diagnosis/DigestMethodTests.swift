@testable import Notifications
import Testing

/// Known answers, from `openssl dgst`.
@Suite struct DigestMethodTests {
    @Test(
        arguments: [
            (.hmacSHA256, "515aae133b435d4000956731f68ae5cf5eb85d4f0dc6a546d2bfcd3595ec1ae1"),
            (.hmacSHA1, "70bbf6819d1037aa94ca7e7f537cbea25fe49283"),
            (.hmacMD5, "5a3cfaf24aa41bb683c6dc14209b7ee5"),
            (.sha256, "230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5"),
            (.sha1, "02083f4579e08a612425c0c1a17ee47add783b94"),
            (.md5, "841a2d689ad86bd1611447453c22c6fc"),
            (.secretThenBody, "1bae80b75a57754f86b3908413e62372297b9c7d6a25568bcb82675d155d149c"),
            (.bodyThenSecret, "bb80cd8e5bf9424324dfd18030e3aec9dea1a6950e56e5482b36b4f15da85430"),
            (.swapped, "5b999cb32966db0c4abcf19247043df895963469f9a3e0f4075bf014e6a75ee9"),
            (
                .hmacSHA384,
                "9af5e5a8f0a932a9f2d4d4f20b9465aa742b5ad36b921661b00d7ce1dea803702c214535e7ed29f5fcbc495b363c999c"
            ),
            (
                .hmacSHA512,
                "b71e82b42ece244182aae00f5c418d84b5b0ac844874765e658e91b26261b32d"
                    + "f39e9fcbf44424d0e3b53bab192e78a4936224ec940cf953164b70aacdd4c845"
            ),
            (
                .sha512,
                "5510ebbda5ed4da007c55a62fd7075c722ec031f07398ef3e90b9b50e0fe9509"
                    + "85476c474414d2b386e8f08cd505fb506b528006a30abfe9ca0eb0b67b7e760b"
            ),
        ] as [(DigestMethod, String)])
    func isAsOpenSSLMakesIt(method: DigestMethod, digest: String) {
        #expect(
            String(decoding: method.digest(key: Array("key".utf8), body: Array("body".utf8)), as: UTF8.self) == digest)
    }

    @Test func anEmptyKeyIsTaken() {
        let digest = DigestMethod.hmacSHA256.digest(key: [], body: Array("body".utf8))
        #expect(
            String(decoding: digest, as: UTF8.self)
                == "7ec3619ea7f921721b6d8bec83ea2d0c6d557e0b164daf577e62c8cc88ed74ae")
        #expect(DigestMethod.swapped.digest(key: Array("key".utf8), body: []).count == 64)
    }
}
