/// Which variables of b2watch's own environment a program gets.
struct CommandEnvironment: Sendable, Hashable {
    /// What is passed unless something else is declared.
    static let standard = ["PATH", "HOME", "USER", "LANG", "LC_*", "TZ"]

    /// The names and their values.
    private(set) var variables: [String: String] = [:]

    /// - Parameters:
    ///   - names: Names; with `*` at its end, all that begin so.
    ///   - process: The environment of b2watch.
    init(_ names: [String], of process: [String: String]) {
        for name in names {
            if name.hasSuffix("*") {
                let start = name.dropLast()
                variables.merge(process.filter { $0.key.hasPrefix(start) && !Self.isForbidden($0.key) }) { $1 }
            } else if let value = process[name], !Self.isForbidden(name) {
                variables[name] = value
            }
        }
        variables = variables.filter { Self.isName($0.key) }
    }

    /// What is wrong with a name of the list; nil where it may stand there.
    static func problem(_ name: String) -> String? {
        let start = name.hasSuffix("*") ? String(name.dropLast()) : name
        guard isName(start) else {
            return "is no name of a variable: write names such as PATH, or LC_* for all that begin so"
        }
        guard !isForbidden(start), !forbidden.contains(where: { name.hasSuffix("*") && $0.hasPrefix(start) }) else {
            return "is not passed to a program: b2watch's own variables and B2's keys stay with b2watch"
        }
        return nil
    }

    /// Whether nobody may see the value of a variable of this name.
    static func isSecret(_ name: String) -> Bool {
        let name = name.uppercased()
        return ["KEY", "SECRET", "TOKEN", "PASS", "CREDENTIAL", "AUTH"].contains { name.contains($0) }
    }

    /// The values that nobody may see. Short ones would hide half of what else is written.
    var secrets: [String] {
        variables.filter { Self.isSecret($0.key) && $0.value.utf8.count >= 6 }.map(\.value).sorted {
            ($0.utf8.count, $0) > ($1.utf8.count, $1)
        }
    }

    private static let forbidden = ["B2WATCH_", "B2_APPLICATION_KEY"]

    private static func isForbidden(_ name: String) -> Bool {
        forbidden.contains { name.hasPrefix($0) }
    }

    private static func isName(_ name: some StringProtocol) -> Bool {
        guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: false
            }
        }
    }
}
