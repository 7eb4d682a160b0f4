import Notifications
import Testing

@testable import Dashboard

@Suite("By lines, secrets")
struct PlainSecretTests {
    @Test("are asked for on a line that is hidden, and never said")
    func adding() {
        var hearer = Hearer()
        let asked = hearer.type("secret add new bucket:photos")
        #expect(asked.first?.hasPrefix("Type or paste the secret new") == true)
        #expect(hearer.plain.hidesTyping)
        let heard = hearer.type("  \(Make.secret) ")
        #expect(!hearer.plain.hidesTyping)
        #expect(!heard.joined().contains(Make.secret))
        guard case .addSecret(let draft) = hearer.calls.first else {
            Issue.record("no secret was added")
            return
        }
        #expect(draft.label == "new" && draft.value == Make.secret && draft.binding.description == "bucket:photos")
    }

    @Test("are left by an empty line, by Ctrl-C, and for a label that is held")
    func leaving() {
        var hearer = Hearer()
        _ = hearer.type("secret add new")
        #expect(hearer.type("") == ["No secret was taken."])
        _ = hearer.type("secret add new")
        hearer.tell(.signal(.interrupt))
        #expect(!hearer.plain.hidesTyping)
        #expect(hearer.ending == nil)
        _ = hearer.type("secret add prod")
        #expect(hearer.type(Make.secret) == ["There is a secret with the label prod already."])
        #expect(hearer.calls.isEmpty)
    }

    @Test("that are typed where they do not belong are neither kept nor said")
    func misplaced() {
        var hearer = Hearer()
        for line in [
            Make.secret, "secret add \(Make.secret)", "list \(Make.secret)", "show \(Make.secret)",
            "secret add new \(Make.secret)",
        ] {
            let heard = hearer.type(line)
            #expect(!heard.joined().lowercased().contains(Make.secret.lowercased()))
            #expect(!heard.isEmpty)
        }
        #expect(hearer.calls.isEmpty)
    }

    @Test("are listed by label and fingerprint")
    func listing() {
        var hearer = Hearer()
        #expect(
            hearer.type("secret list") == [
                "prod, fingerprint 3f9a, bound to any, 124 matches, not saved, from screen"
            ])
        #expect(hearer.type("secret forget other").first?.hasPrefix("No secret other is there") == true)
    }
}
