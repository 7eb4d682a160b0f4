import Notifications

/// An operator of the filter language: its names, what it takes, its help, and the rows it means.
public struct FilterOperator: Sendable {
    /// The name before the colon.
    public let name: String
    /// Other names for it.
    public let otherNames: [String]
    /// The kind of its values.
    public let takes: FilterValue
    /// The rows that it matches, in a sentence.
    public let meaning: String
    /// A term with it.
    public let example: String
    /// The kind of values seen that may follow it.
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

    /// Returns the operator with a name, in any case.
    static func named(_ name: String) -> FilterOperator? { byName[name.lowercased()] }

    /// Returns the error's sentence about a name that no operator has.
    static func unknown(_ name: String) -> String {
        let instead =
            if let meant = Spelling.nearest(to: name.lowercased(), among: byName.keys.sorted()) {
                "did you mean \(meant)?"
            } else {
                "see the help for all, or put the word in quotes to search for it"
            }
        return "no operator \"\(name)\": \(instead)"
    }

    /// The written form, such as `size>SIZE`.
    public var syntax: String { start + takes.placeholder }

    /// Its name with what is written behind it as a rule: `size>`, `object:`.
    var start: String { name + (example.hasPrefix("\(name)>") ? ">" : ":") }
}

/// The kind of values that an operator takes.
public struct FilterValue: Sendable {
    /// In an error, such as `a size`.
    public let noun: String
    /// In the help, such as `SIZE`.
    public let placeholder: String
    /// Such as `10MB`.
    public let sample: String
    /// All accepted values, if only certain ones are accepted.
    public let fixed: [String]
    /// The signs that may be between the name and the value.
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

    /// The error's sentence about a value that is missing or of another kind.
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

/// The kinds of values that are read from the history.
public enum FilterValueKind: String, Sendable, Hashable, CaseIterable {
    case type, bucket, object, rule, secret, eventId, versionId, method, path, remoteAddress, node, status
}

// MARK: - All operators

extension RowPredicate {
    /// The rows that need a person's attention: a signature that is not right, or a notification that was not answered
    /// with 200. A request that is not a notification, such as a browser's request for an icon, does not count.
    public static let problem = RowPredicate.any([
        .verdict([.invalid, .missing, .malformed, .unsupported]),
        .all([.not(.verdict([.unjudged])), .not(.number(.status, .equal, 200))]),
    ])
}

extension FilterOperator {
    static let whatHappened: [FilterOperator] = [
        FilterOperator(
            "type",
            FilterValue("a type", "TYPE", such: "created"),
            "the event's type, by any part of its short or full name, in any case; created, deleted and hide are families,"
                + " delete is deletions and hide markers",
            example: "type:created", seen: .type
        ) { argument throws(FilterFault) in try argument.type() },
        text(
            "bucket", "a bucket", such: "my-bucket", "the bucket's name, a part of it", "bucket:my*", .bucketName,
            .bucket),
        text(
            "object", or: ["key", "name"], "a name", such: "cat.jpg", "the object's name, a part of it",
            "object:*.jpg", .objectName, .object),
        sized("size", "the object's size; kB is 1,000 bytes and KiB 1,024", "size>1.5MB", .objectSize),
        text(
            "rule", "a rule", such: "allEvents", "the name of the rule that matched, a part of it", "rule:all*",
            .matchedRuleName, .rule),
        text(
            "id", "an event id", such: "8f0e", "the event's id, a part of it; id= takes all of it", "id:8f0e", .eventId,
            .eventId),
        text(
            "version", "a version id", such: "4_z*", "the object's version id, a part of it", "version:4_z*",
            .objectVersionId, .versionId),
        yesOrNo("event", "whether there is an event that can be read", .event),
        yesOrNo(
            "dup", or: ["duplicate"], "whether the event arrived before, in a delivery of equal or higher trust",
            .duplicate),
    ]

    static let times: [FilterOperator] = [
        stretch(
            "time", or: ["on"],
            "received in that minute, on that day, or in that range of times, which has both its ends in it; an age"
                + " reaches until now",
            "time:02:10..02:20", .receivedAt),
        time("after", or: ["since"], "received then or later", "after:10m", .receivedAt, .atLeast),
        time("before", or: ["until"], "received earlier", "before:2026-01-01", .receivedAt, .less),
        stretch(
            "event-time", "whose event happened then, by its own time", "event-time:yesterday", .eventTimestamp),
        time(
            "event-after", "whose event happened then or later, by its own time", "event-after:02:14", .eventTimestamp,
            .atLeast),
        time(
            "event-before", "whose event happened earlier, by its own time", "event-before:2026-01-01T12:00Z",
            .eventTimestamp, .less),
    ]

    static let signature: [FilterOperator] = {
        let verdicts = FilterValue(
            "a verdict", "VERDICT", such: "invalid", fixed: SignatureVerdict.allCases.map(\.filterWord))
        return [
            FilterOperator(
                "sig", or: ["signature", "verdict"], verdicts,
                "the verdict on the signature: \(Spelling.list(verdicts.fixed)); the beginning of one will do. unjudged is not"
                    + " checked, removed is valid by a secret that was deleted as leaked, unsigned is of a rule that is named as one that"
                    + " does not sign, reconciled is an event made from the bucket's listing",
                example: "sig:invalid"
            ) { argument throws(FilterFault) in
                let words = try argument.choices(verdicts)
                return .verdict(Set(SignatureVerdict.allCases.filter { words.contains($0.filterWord) }))
            },
            text(
                "secret", "a secret's label", such: "prod",
                "the label of the secret that the signature fits, a part of it",
                "secret:prod", .secret, .secret),
            yesOrNo(
                "problem",
                "whether the signature is invalid, missing, malformed or unsupported,"
                    + " or a notification not answered 200",
                .problem),
        ]
    }()

    static let request: [FilterOperator] = {
        let status = FilterValue(
            "a status", "STATUS", such: "401 or 4xx", relations: FilterRelation.allCases)
        let delivery = FilterValue("a number", "NUMBER", such: "126", relations: FilterRelation.allCases)
        return [
            FilterOperator(
                "status", status, "the status of the answer, or its class", example: "status:4xx", seen: .status
            ) { argument throws(FilterFault) in try argument.status(status) },
            FilterOperator("delivery", delivery, "the number of the delivery", example: "delivery:126") {
                argument throws(FilterFault) in try argument.number(.delivery, delivery)
            },
            text(
                "from", or: ["remote"], "an address", such: "203.0.113.7", "the remote address, a part of it",
                "from:203.0.",
                .remoteAddress, .remoteAddress),
            text(
                "node", "a name", such: "berlin",
                "the name of the process that received it, a part of it; in a history that several machines share",
                "node:berlin", .node, .node),
            text(
                "method", "a method", such: "POST", "the request's method, a part of it", "method:post", .method,
                .method),
            text(
                "path", or: ["target"], "a path", such: "/hook", "the request's target, a part of it", "path:/hook",
                .target, .path),
            FilterOperator(
                "header", FilterValue("a text", "TEXT", such: "cloudflare", relations: [.has], takesList: false),
                "the header fields, a part of them; a name and its value as in the example",
                example: "header:\"content-type: application/json\""
            ) { argument throws(FilterFault) in try argument.header() },
            text(
                "body", "a text", such: "objectSize", "the body, a part of it", "body:objectsize", .body, nil,
                takesList: false),
            sized("bytes", "the length of the body", "bytes>100kB", .bodyLength),
        ]
    }()
}

extension FilterOperator {
    private static func text(
        _ name: String, or otherNames: [String] = [], _ noun: String, such sample: String, _ meaning: String,
        _ example: String, _ text: RowText, _ seen: FilterValueKind?, takesList: Bool = true
    ) -> FilterOperator {
        let takes = FilterValue(noun, "TEXT", such: sample, takesList: takesList, mayHoldCommas: true)
        return FilterOperator(name, or: otherNames, takes, meaning, example: example, seen: seen) {
            argument throws(FilterFault) in try argument.matches([text], .part)
        }
    }

    private static func sized(_ name: String, _ meaning: String, _ example: String, _ number: RowNumber)
        -> FilterOperator
    {
        let takes = FilterValue(
            "a size", "SIZE", such: "10MB", relations: FilterRelation.allCases, continues: FilterNumber.continues)
        return FilterOperator(name, takes, meaning, example: example) { argument throws(FilterFault) in
            try argument.size(number, takes)
        }
    }

    private static func yesOrNo(
        _ name: String, or otherNames: [String] = [], _ meaning: String, _ predicate: RowPredicate
    ) -> FilterOperator {
        FilterOperator(name, or: otherNames, .yesOrNo, meaning, example: "\(name):yes") {
            argument throws(FilterFault) in
            try argument.isYes() ? predicate : .not(predicate)
        }
    }

    /// Returns an operator for times from one on, or up to one.
    private static func time(
        _ name: String, or otherNames: [String] = [], _ meaning: String, _ example: String, _ number: RowNumber,
        _ comparison: Comparison
    ) -> FilterOperator {
        let takes = FilterValue(
            "a time", "WHEN", such: FilterMoment.examples, relations: [.has], takesList: false,
            continues: FilterMoment.continues)
        return FilterOperator(name, or: otherNames, takes, meaning, example: example) { argument throws(FilterFault) in
            guard let span = FilterMoment(in: argument.context).span(try argument.word(takes)) else {
                throw argument.fault(takes.expected)
            }
            return .number(number, comparison, span.lowerBound)
        }
    }

    /// Returns an operator for times in a stretch.
    private static func stretch(
        _ name: String, or otherNames: [String] = [], _ meaning: String, _ example: String, _ number: RowNumber
    ) -> FilterOperator {
        let takes = FilterValue(
            "a time or a range", "WHEN", such: "02:10..02:20, yesterday, 2026-11-28T02:10.. or 2h",
            continues: FilterMoment.continues)
        return FilterOperator(name, or: otherNames, takes, meaning, example: example) { argument throws(FilterFault) in
            try argument.during(number, takes)
        }
    }
}

// MARK: - Words without an operator

extension FilterOperator {
    /// The texts of a row that a word without an operator is looked for in.
    static let freeTexts: [RowText] = [
        .eventType, .objectName, .bucketName, .matchedRuleName, .eventId, .objectVersionId, .target, .remoteAddress,
    ]

    /// Returns the rows that a word without an operator matches.
    static func freeText(_ argument: FilterArgument) throws(FilterFault) -> RowPredicate {
        let pattern = try argument.pattern(.part)
        let anywhere = RowPredicate.text(freeTexts, pattern)
        let types = TypeNames.full(whereShortMatches: pattern)
        return types.isEmpty ? anywhere : .any([anywhere, .text([.eventType], .oneOf(types))])
    }
}
