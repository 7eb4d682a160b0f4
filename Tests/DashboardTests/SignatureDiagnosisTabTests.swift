import Notifications
import Terminal
import Testing

@testable import Dashboard

@Suite struct SignatureDiagnosisTabTests {
    private func screen(
        _ body: String, signed: String, binding: SecretBinding = .any, recorded verdict: SignatureVerdict = .invalid
    ) throws -> String {
        let secret = try SigningSecret(label: "prod", value: Make.secret, binding: binding)
        var user = User(columns: 80, rows: 40, holding: [.prod])
        user.keyring = try Keyring([secret])
        user.bodies[1] = Array(body.utf8)
        let signature = secret.signature(of: Array(signed.utf8))
        user.headers[1] = [
            HeaderField("X-Bz-Event-Notification-Signature", signature), HeaderField("Via", "1.1 \u{1B}x"),
        ]
        user.arrive([Make.row(1, verdict: verdict)])
        user.press(.enter, .left)
        return user.screen
    }

    @Test func aCauseIsToldWithWhatToDo() throws {
        let screen = try screen("{\"events\":[]}\n", signed: "{\"events\":[]}")
        #expect(screen.contains(" Why\n    The digest received is right under the secret “prod”, for the body"))
        #expect(screen.contains(" What to do\n    Sign and send the same bytes"))
        #expect(!screen.contains("Ruled out"))
    }

    /// So that it is seen where there is little room.
    @Test func aCauseComesBeforeTheVerdictsSentence() throws {
        let screen = try screen("{\"events\":[]}\n", signed: "{\"events\":[]}")
        let cause = try #require(screen.firstRange(of: "What to do"))
        let sentence = try #require(screen.firstRange(of: "The digest received is not"))
        #expect(cause.lowerBound < sentence.lowerBound)
    }

    @Test func whatWasNotJudgedIsNot() throws {
        let secret = try SigningSecret(label: "prod", value: Make.secret)
        var user = User(columns: 80, rows: 40, holding: [.prod])
        user.keyring = try Keyring([secret])
        user.bodies[1] = Array("{}".utf8)
        user.headers[1] = [HeaderField(SignatureHeader.name, secret.signature(of: Array("{}".utf8)))]
        user.arrive([Make.row(1, verdict: .unjudged)])
        user.press(.enter, .left)
        #expect(user.screen.contains("This request is not a notification, so b2watch does not check its signature."))
        #expect(!user.screen.contains("✓ valid\n"))
    }

    @Test func withoutOneWhatWasSeenAndRuledOutIsTold() throws {
        let screen = try screen("{}", signed: "another body")
        #expect(screen.contains(" Seen, and may be why\n"))
        #expect(screen.contains(" Seen, and may be why\n    The body is JSON without “events”"))
        #expect(screen.contains(" What to try\n    Look at the body before the secret"))
        #expect(screen.contains(" A proxy or tunnel stands in front (Via)"))
        #expect(screen.contains(" Ruled out\n    the secret with a space"))
        #expect(!screen.contains(" Why\n"))
    }

    @Test func whatIsRightHasNoSuchBlocks() throws {
        let screen = try screen("{}", signed: "{}", recorded: .valid)
        #expect(screen.contains("✓ valid\n"))
        for heading in ["Why", "What to do", "Seen", "Ruled out"] { #expect(!screen.contains(" \(heading)\n")) }
    }

    @Test func aSecretBoundElsewhereIsSaidOnce() throws {
        let body = #"{"events":[{"bucketName":"a"}]}"#
        let screen = try screen(body, signed: body, binding: .bucket("b"))
        #expect(screen.contains(" What to do\n    If it may vouch for this one too"))
        #expect(!screen.contains(" Why\n"))
    }
}
