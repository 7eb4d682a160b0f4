internal import Settings

/// What is wrong with a template, and where in it.
public struct TemplateError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong.
    public enum Problem: Sendable, Hashable {
        /// Nothing goes by this name.
        case unknown(String)
        /// No `}}` follows.
        case unclosed
    }

    public let problem: Problem
    /// Where its braces begin, from 1; the column counts Unicode scalars.
    public let line: Int
    public let column: Int

    init(_ problem: Problem, in text: String, at index: String.Index) {
        self.problem = problem
        let before = text.unicodeScalars[..<index]
        line = before.count { $0 == "\n" } + 1
        column = (before.lastIndex(of: "\n").map { before[$0...].dropFirst().count } ?? before.count) + 1
    }

    /// A sentence: what is wrong, and what there is.
    public var description: String {
        let place = line == 1 ? "column \(column)" : "line \(line), column \(column)"
        switch problem {
        case .unknown(let name):
            let shown = name.count > 40 ? name.prefix(40) + "…" : name
            let question = Suggestion.question(for: name, among: Placeholder.all.map(\.name))
            return "“{{\(shown)}}” at \(place) of the template is no placeholder\(question); there are"
                + " \(Placeholder.names); {{{{ gives two braces"
        case .unclosed:
            return "“{{” at \(place) of the template has no “}}” behind it: write {{object}}, or {{{{ for two braces"
        }
    }
}
