import Notifications
import struct TestSupport.SeededGenerator
import Testing

@testable import Outgoing

@Suite struct SampleSignatureTests {
    private let body = Array("{}".utf8)

    private func value(_ signature: SampleSignature) -> String? {
        var generator = SeededGenerator(seed: 1)
        return signature.value(for: body, using: &generator)
    }

    @Test func signs() throws {
        let secret = try SigningSecret(label: "a", value: "secret")
        #expect(value(.signed(secret)) == secret.signature(of: body))
        #expect(value(.none) == nil)
    }

    @Test func isWrongByOneBit() throws {
        let secret = try SigningSecret(label: "a", value: "secret")
        let right = Array(secret.signature(of: body))
        let wrong = Array(try #require(value(.wrong(secret))))
        #expect(wrong.count == right.count)
        #expect(wrong.dropLast() == right.dropLast())
        #expect((wrong.last?.hexDigitValue ?? 0) ^ (right.last?.hexDigitValue ?? 0) == 1)
    }

    @Test func isWrongWithoutASecret() throws {
        let wrong = try #require(value(.wrong(nil)))
        #expect(wrong.hasPrefix("v1="))
        #expect(wrong.utf8.count == 67)
    }
}
