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
        var text = ""
        do {
            return try wait(for: name) {
                text = (try? String(contentsOfFile: folder.file(name), encoding: .utf8)) ?? ""
                return condition(text) ? text : nil
            }
        } catch is WaitedInVain {
            throw WaitedInVain(for: name, seeing: text)
        }
    }
}
