public import Notifications

/// Terms written for a value, so that choosing a thing can set a filter.
public enum FilterTerm {
    /// A term for exactly this value, such as `object="a b.jpg"`.
    ///
    /// - Parameter name: The name of an operator that takes texts.
    public static func text(operator name: String, exactly value: String) -> String {
        "\(name)=\(quoted(value, escapingWildcards: false))"
    }

    /// A term for a text anywhere in what words without an operator are looked for in.
    public static func text(containing value: String) -> String {
        let quoted = quoted(value, escapingWildcards: true)
        // What would be read as an operator, as a negation, as a connective, or as a part of the value before.
        let isPlain =
            quoted.unicodeScalars.allSatisfy { !":=<>!,\"".unicodeScalars.contains($0) }
            && !["-", ".", "+"].contains(quoted.unicodeScalars.first) && FilterConnective(word: quoted) == nil
        return isPlain || quoted.unicodeScalars.first == "\"" ? quoted : "\"\(quoted)\""
    }

    /// Terms for what arrived from one moment to before another.
    public static func arrived(from start: Timestamp, before end: Timestamp) -> String {
        "after:\(start.rfc3339) before:\(end.rfc3339)"
    }

    /// Terms for events that happened from one moment to before another, by their own time.
    public static func happened(from start: Timestamp, before end: Timestamp) -> String {
        "event-after:\(start.rfc3339) event-before:\(end.rfc3339)"
    }

    /// A value as it can stand behind an operator: in quotes where it must, on one line and with nothing invisible.
    static func quoted(_ value: String, escapingWildcards: Bool) -> String {
        var result = String.UnicodeScalarView()
        var needsQuotes = value.isEmpty || value.unicodeScalars.first == "~"
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"", "\\":
                result.append("\\")
                result.append(scalar)
                needsQuotes = true
            case "*" where escapingWildcards, "?" where escapingWildcards:
                result.append("\\")
                result.append(scalar)
                needsQuotes = true
            case _ where isInvisible(scalar):
                result.append(contentsOf: "\\u{\(String(scalar.value, radix: 16))}".unicodeScalars)
                needsQuotes = true
            default:
                result.append(scalar)
                needsQuotes = needsQuotes || FilterLexer.endsWord(scalar) || scalar == ","
            }
        }
        return needsQuotes ? "\"\(String(result))\"" : String(result)
    }

    private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned: true
        default: false
        }
    }
}
