import History

/// An operator of the filter language: its names, what it takes, its help, and the rows it means.
public struct FilterOperator: Sendable {
    /// What stands before the colon.
    public let name: String
    /// Other names for it.
    public let otherNames: [String]
    /// What it takes.
    public let takes: FilterValue
    /// What it lets through, in a sentence.
    public let meaning: String
    /// A term with it.
    public let example: String
    /// Which of the values seen may stand behind it.
    public let seen: FilterValueKind?
    let predicate: @Sendable (FilterArgument) throws(FilterFault) -> RowPredicate

    init(
        _ name: String, or otherNames: [String] = [], _ takes: FilterValue, _ meaning: String, example: String,
        seen: FilterValueKind? = nil,
        predicate: @escaping @Sendable (FilterArgument) throws(FilterFault) -> RowPredicate
    ) {
        self.name = name
        self.otherNames = otherNames
        self.takes = takes
        self.meaning = meaning
        self.example = example
        self.seen = seen
        self.predicate = predicate
    }

    /// All operators, in the order of the help.
    public static let all: [FilterOperator] = whatHappened + times + signature + request

    private static let byName: [String: FilterOperator] = Dictionary(
        all.flatMap { each in ([each.name] + each.otherNames).map { ($0, each) } },
        uniquingKeysWith: { first, _ in first })

    /// The operator with a name, in any case.
    static func named(_ name: String) -> FilterOperator? { byName[name.lowercased()] }

    /// What is to be said of a name that no operator has.
    static func unknown(_ name: String) -> String {
        let instead =
            if let meant = Spelling.nearest(to: name.lowercased(), among: byName.keys.sorted()) {
                "did you mean \(meant)?"
            } else {
                "see the help for all, or put the word in quotes to search for it"
            }
        return "no operator \"\(name)\": \(instead)"
    }

    /// How it is written, such as `size>SIZE`.
    public var syntax: String { start + takes.placeholder }

    /// Its name with what is written behind it as a rule: `size>`, `object:`.
    var start: String { name + (example.hasPrefix("\(name)>") ? ">" : ":") }
}

/// What an operator takes.
public struct FilterValue: Sendable {
    /// In an error, such as `a size`.
    public let noun: String
    /// In the help, such as `SIZE`.
    public let placeholder: String
    /// Such as `10MB`.
    public let sample: String
    /// Where only certain values may be given, all of them.
    public let fixed: [String]
    /// What may be between the name and the value.
    let relations: [FilterRelation]
    /// Whether several values may be given, with commas between them: any of them is meant.
    let takesList: Bool
    /// Whether a comma may be a part of a value, as in an object's name.
    let mayHoldCommas: Bool
    /// Whether a word behind a space belongs to a value, such as `MB` to `1`; nil where none ever does.
    let continues: (@Sendable (_ value: String, _ word: String) -> Bool)?

    init(
        _ noun: String, _ placeholder: String, such sample: String, fixed: [String] = [],
        relations: [FilterRelation] = [.has, .equal, .notEqual], takesList: Bool = true, mayHoldCommas: Bool = false,
        continues: (@Sendable (_ value: String, _ word: String) -> Bool)? = nil
    ) {
        self.noun = noun
        self.placeholder = placeholder
        self.sample = sample
        self.fixed = fixed
        self.relations = relations
        self.takesList = takesList
        self.mayHoldCommas = mayHoldCommas
        self.continues = continues
    }

    /// Whether it may be compared by `<` and `>`.
    public var compares: Bool { relations.contains(.less) }

    /// What is to be said where it is not there or is something else.
    var expected: String {
        if noun == Spelling.list(fixed) { return "\(noun) is expected here" }
        return fixed.isEmpty
            ? "\(noun) is expected here, such as \(sample)"
            : "\(noun) is expected here: \(Spelling.list(fixed))"
    }

    func expectedRelations(after name: String) -> String {
        "\(Spelling.list(relations.map(\.rawValue))) is expected after \(name)"
    }

    static let yesOrNo = FilterValue("yes or no", "yes|no", such: "yes", fixed: ["yes", "no"], takesList: false)
}

/// What values that were seen are values of.
public enum FilterValueKind: String, Sendable, Hashable, CaseIterable {
    case type, bucket, object, rule, secret, eventId, versionId, method, path, remoteAddress, status
}

/// What was given to an operator.
struct FilterArgument: Sendable {
    let value: WrittenValue
    let relation: FilterRelation
    /// All of the filter.
    let scalars: [Unicode.Scalar]
    let context: FilterContext

    func fault(_ sentence: String) -> FilterFault { FilterFault(value.range, sentence) }

    /// The text given, where no pattern makes sense.
    func word(_ takes: FilterValue) throws(FilterFault) -> String {
        guard let text = value.text else { throw fault(takes.expected) }
        return text
    }

    /// The fixed values that a word means, in any case: the one that it is, those that begin with it, or those that hold
    /// it.
    func choices(_ takes: FilterValue) throws(FilterFault) -> Set<String> {
        let word = try word(takes).lowercased()
        if takes.fixed.contains(word) { return [word] }
        let beginning = takes.fixed.filter { $0.hasPrefix(word) }
        let found = beginning.isEmpty ? takes.fixed.filter { $0.contains(word) } : beginning
        guard !word.isEmpty, !found.isEmpty else { throw fault(takes.expected) }
        return Set(found)
    }

    /// Yes or no, or another word for it.
    func isYes() throws(FilterFault) -> Bool {
        switch try word(.yesOrNo).lowercased() {
        case "yes", "y", "true", "1": return true
        case "no", "n", "false", "0": return false
        default: throw fault(FilterValue.yesOrNo.expected)
        }
    }
}
