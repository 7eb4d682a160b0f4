import Foundation
import Harness
import TestSupport

extension Home {
    /// A home with a configuration.
    init(configuration: String) throws {
        try self.init()
        try configure(configuration)
    }

    func run(_ arguments: String...) throws -> Program.Outcome {
        try Program.run(Program.path, arguments, environment: environment)
    }

    /// The text of a file of this home, once it is as is wanted.
    func text(of name: String, where condition: (String) -> Bool) throws -> String {
        let end = ContinuousClock.now + .patience
        while true {
            let text = (try? String(contentsOfFile: folder.file(name), encoding: .utf8)) ?? ""
            if condition(text) { return text }
            guard .now < end else { throw WaitedInVain(for: name, seeing: text) }
            usleep(20_000)
        }
    }
}
