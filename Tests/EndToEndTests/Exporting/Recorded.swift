import Harness
import Notifications
import TestSupport

/// A home with a history that a listener recorded, and has closed.
struct Recorded {
    let home: Home

    init(_ objects: [String], signedWith secret: SigningSecret? = nil) throws {
        home = try Home()
        let file = try home.secretFile(Secrets.value)
        let listener = try RunningListener(in: home, "--secret-file", file)
        let client = try listener.connect()
        for (index, object) in objects.enumerated() {
            _ = try client.answer(to: .event("e\(index)", object: object, signedWith: secret))
        }
        try listener.stop()
    }

    func export(_ arguments: String...) throws -> Program.Outcome {
        try Program.run(Program.path, ["export"] + arguments, environment: home.environment)
    }
}
