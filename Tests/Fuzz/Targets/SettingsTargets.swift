import Base
import Foundation

@testable import Settings

extension FuzzTarget {
    /// The text of `config.yaml`.
    static let configuration = FuzzTarget(
        "configuration", longest: 400,
        seeds: [
            """
            theme: dark
            utc: yes
            timestamps: epoch
            bell: problem
            on-problem: [notify-send, --urgency=critical, "b2watch: a problem"]
            quiet-after: 30m
            listen: "127.0.0.1:8080"
            """,
            "keys:\n  next-problem: [e, f5]\n  quit: ctrl-x\ncolours:\n  good: \"#87d787\" bold\n  dark:\n    bad: bright-red\n",
            "secret-files:\n- prod@bucket:photos=~/secret\nlimits: {queue: 512}\nreconcile:\n  photos: {every: 1h}\n",
            "theme: dark\ntheme: light\nutc: no\n\"utc\": yes\n", "a: &x [1]\nb: *x\n", "--- a\n--- b\n",
            "theme:\n\tdark: 1\n",
            "actions:\n  a:\n    kind: csv\n    file: ~/x.csv\n    when: sig:valid\n",
            "- !!binary aGk=\n? {a: b}\n: |\n  text\n",
            "a: 'b\nc: \"d", "\u{FEFF}theme: #87d787\r\nlisten: >-\r\n  x\r\n",
            "{a: {b: {c: [d, {e: f}]}}, path: [/a, /b]}",
        ].map { Array($0.utf8) },
        words: Setting.all.map { "\($0.name): " } + [
            "\n  ", "\n- ", ": ", "[", "]", "{", "}", "\"", "'", "#", "&a ", "*a", "!!str ", "|\n", ">-\n", "---\n",
            "...\n", "? ",
            "\r\n", "\t", "yes", "no", "~/", "%YAML 1.1\n", "\u{85}", "\u{2028}", "\u{FEFF}",
        ]
    ) { input in
        var parser = ConfigurationParser()
        var reading = ConfigurationReading(home: "/home/ada")
        let root = parser.parse(input)
        if let root {
            try check(root)
            let configuration = reading.configuration(root)
            try hold(configuration.onProblem?.isEmpty != true, "no program")
        }
        let problems = parser.problems + reading.problems
        let lines =
            input.count { $0 == 0x0A || $0 == 0x0D } + 2
            + String(decoding: input, as: UTF8.self).unicodeScalars
            .count { ["\u{85}", "\u{2028}", "\u{2029}"].contains($0) }
        for problem in problems {
            try hold(!problem.text.isEmpty, "a problem in words")
            guard let position = problem.position else { continue }
            let isInside = (1...lines).contains(position.line) && (1...input.count + 2).contains(position.column)
            try hold(isInside, "a problem at \(position.line):\(position.column)")
        }
        // What is not read is reported.
        if root == nil { try hold(!problems.isEmpty || Self.isBlank(input), "no problem in what cannot be read") }
        guard !problems.isEmpty else { return }
        let error = ConfigurationError(path: "config.yaml", problems: problems)
        try hold(error.description.hasPrefix("config.yaml"), "an error names the file")
    }

    /// Checks the places of nodes, and that no key is twice in a map.
    private static func check(_ node: ConfigurationNode) throws {
        try hold(node.position.line > 0 && node.position.column > 0, "a node at \(node.position)")
        switch node.content {
        case .scalar: break
        case .list(let items): for item in items { try check(item) }
        case .map(let entries):
            try hold(Set(entries.map(\.key.value)).count == entries.count, "a key twice")
            for entry in entries { try check(entry.value) }
        }
    }

    /// Returns whether a text may be without any value: YAML knows comments, directives and marks of documents.
    private static func isBlank(_ input: [UInt8]) -> Bool {
        String(decoding: input, as: UTF8.self).split(whereSeparator: \.isNewline).allSatisfy { line in
            let text = line.drop { $0.isWhitespace || $0 == "\u{FEFF}" }
            return text.isEmpty || "#%-.".contains(text.first ?? "#")
        }
    }
}
