/// What can be written in a filter, made from its operators.
public enum FilterHelp {
    /// A line of the help.
    public struct Entry: Sendable, Hashable {
        /// Such as `size>SIZE`.
        public let syntax: String
        /// A sentence without a full stop.
        public let meaning: String
        /// Something to type.
        public let example: String
    }

    /// How terms are put together.
    public static let grammar: [Entry] = [
        Entry(
            syntax: "a b", meaning: "both must match; also a and b, a && b", example: "type:created bucket:photos"),
        Entry(
            syntax: "a or b", meaning: "one must match; also a | b; binds weaker than a b",
            example: "sig:invalid or status:4xx"),
        Entry(
            syntax: "not a", meaning: "must not match; also !a and -a; binds stronger than a b",
            example: "not rule:allEvents"),
        Entry(syntax: "(a b)", meaning: "holds together what is between", example: "not (sig:valid or dup:yes)"),
        Entry(
            syntax: "a:x,y", meaning: "any of these values; also a:(x or y)", example: "type:deleted,hide"),
        Entry(
            syntax: "word",
            meaning: "a part of type, object, bucket, rule, event id, version id, request target or remote address",
            example: "cat"),
        Entry(
            syntax: "\"a b\"",
            meaning:
                "text with spaces, commas or signs, and the words and, or, not as text; in it \\\" \\\\ \\* \\? are the"
                + " signs themselves, \\u{a0} any character",
            example: "object:\"my cat.jpg\""),
        Entry(
            syntax: "* ?", meaning: "any characters, any one character; the pattern is for the whole text",
            example: "object:*.jpg"),
        Entry(
            syntax: "a:b a=b a!=b",
            meaning:
                "with : lower case ignores case and an upper-case letter makes it exact; = is exactly this text, the whole"
                + " of it; != anything else",
            example: "object=photos/Cat.jpg"),
        Entry(
            syntax: "~/regex/i",
            meaning:
                "a regular expression, behind a colon too; the i ignores case; a text that takes too many steps does not"
                + " match; on the screen and in export only",
            example: "object:~/cat-\\d{4}\\.(jpg|png)$/i"),
        Entry(
            syntax: "WHEN",
            meaning:
                "an age (10s 10m 2h 3d 1w, 90 min, 1h30m), the latest such time of day (02:14), a date (2026-01-01, 01-01,"
                + " monday, 2026-01 for a month), a date and time (2026-01-01T02:14:05, yesterday 02:14), now, today,"
                + " yesterday, tomorrow; behind a date or a time Z or +02:00 where another zone than the one shown is meant",
            example: "after:yesterday 02:14"),
        Entry(
            syntax: "A..B",
            meaning:
                "of a time, a size or a number: from A to B, both included; one of them may be left out; of times of day the"
                + " latest such stretch",
            example: "size:1MB..5MB"),
        Entry(
            syntax: "SIZE",
            meaning:
                "a number and B, kB, MB, GB, TB (1,000 each) or KiB, MiB, GiB, TiB (1,024 each), in any case and also"
                + " without the B or behind a space; compared by > >= < <= : or =",
            example: "size >= 1.5 MiB"),
    ]

    /// The operators.
    public static let operators: [Entry] = FilterOperator.all.map { each in
        let others = each.otherNames.isEmpty ? "" : "; also \(each.otherNames.map { "\($0):" }.joined(separator: ", "))"
        return Entry(syntax: each.syntax, meaning: each.meaning + others, example: each.example)
    }

    /// All of it.
    public static let entries: [Entry] = operators + grammar

    /// `docs/filter.md`.
    public static let markdown: String = """
        # The filter language

        One language for the dashboard (`f`), for `--filter` of the commands and for `when:` of actions. A filter is a list of
        terms, all of which must match. This page is made from the table of operators; a test checks that it is.

        ## Operators

        \(table(operators))

        A value is a part of the text; behind `=`, and with `*` or `?`, it is always the whole.
        An ASCII letter is only ever the same as an ASCII letter; otherwise case is Unicode's, one character for one.

        ## Putting terms together

        \(table(grammar))

        `not` binds strongest, then terms side by side, then `or`: `type:test or type:created not sig:valid` is every test
        event, and every created object whose signature is not valid. A comma between values is a list; a value that holds
        one is put in quotes, and `=` also takes the list as one text. `body:` and `header:` take no lists.

        A filter has at most \(FilterParser.longest) characters, \(FilterParser.mostTerms) terms, and parentheses \(FilterParser.deepest) deep.

        ## Regular expressions

        Literals, `.`, `[a-z]`, `[^a-z]`, `\\d \\w \\s \\D \\W \\S` (of ASCII), `\\n \\r \\t`, `^` and `$` (of the whole text),
        groups `(…)`, `|`, and `* + ? {2} {2,} {2,5}`, at most \(RegexParser.mostRepeats) times. They are found anywhere in a
        text, in time linear in its length.

        ## When nothing matches

        While a filter is typed, the line below it names a value that no recorded event has, and shows those that exist. Where
        nothing is listed, the list says how many events each term alone would leave. `export`, `replay` and `actions run`
        say the same on standard error; `export` ends with status 0 all the same, as a search that found nothing did its
        work.

        """

    private static func table(_ entries: [Entry]) -> String {
        let lines = entries.map { "| \(code($0.syntax)) | \(cell($0.meaning)) | \(code($0.example)) |" }
        return (["| write | for | example |", "|---|---|---|"] + lines).joined(separator: "\n")
    }

    private static func code(_ text: String) -> String { "`\(text.replacing("|", with: "\\|"))`" }

    private static func cell(_ text: String) -> String {
        ["\\", "|", "*", "<", ">", "~", "\""].reduce(text) { text, sign in
            sign == "\"" ? text : text.replacing(sign, with: "\\" + sign)
        }
    }
}
