internal import Base

/// The settings of comparing a bucket with the record on a schedule: an entry of `reconcile`.
public struct ReconcileSetting: Sendable, Hashable {
    /// The bucket's name.
    public var bucket: Located<String>
    /// From one comparison to the next.
    public var every = Duration.seconds(86_400)
    /// The length of the compared time.
    public var since = Duration.seconds(7 * 86_400)
    /// The beginning of the objects' names.
    public var prefix = ""
    /// The one rule to go by; nil for all.
    public var rule: String?
    /// The action to run for what is missing, which may not be declared; nil to run none.
    public var action: Located<String>?
    /// The most class C calls of one comparison; nil for no limit.
    public var mostCalls: Int?
    /// The silence of a rule after which a comparison warns; nil to never warn.
    public var silentAfter: Duration?
    /// The file with the application key, with an absolute path; nil for that of the environment.
    public var keyFile: String?
}

extension ConfigurationReading {
    private static let reconcileForm = "a map from buckets to their settings, such as my-bucket: {every: 6h}"
    private static let reconcileNames = [
        "every", "since", "prefix", "rule", "act", "max-calls", "silent-after", "key-file",
    ]

    /// Returns the buckets that are compared on a schedule.
    mutating func reconcile(_ node: ConfigurationNode) -> [ReconcileSetting] {
        (entries(node, "reconcile", expected: Self.reconcileForm) ?? []).map { entry in
            var setting = ReconcileSetting(bucket: entry.key)
            for part in entries(entry.value, entry.key.value, expected: "a map of settings, such as every: 6h") ?? [] {
                read(part, into: &setting)
            }
            return setting
        }
    }

    private mutating func read(_ part: ConfigurationNode.Entry, into setting: inout ReconcileSetting) {
        let (name, node) = (part.key.value, part.value)
        switch name {
        case "every":
            if let time = time(node, name) { setting.every = time }
        case "since":
            if let time = time(node, name) { setting.since = time }
        case "prefix": setting.prefix = text(node, name, expected: "what names of objects begin with")?.value ?? ""
        case "rule": setting.rule = text(node, name, expected: "the name of a rule")?.value
        case "act": setting.action = text(node, name, expected: "the name of an action")
        case "max-calls":
            guard let number = text(node, name, expected: "a number, such as 100") else { return }
            guard let calls = Int(number.value), calls > 0 else {
                return refuse(node, name, expected: "a number above 0, such as 100")
            }
            setting.mostCalls = calls
        case "silent-after":
            if let time = time(node, name) { setting.silentAfter = time }
        case "key-file":
            if let path = path(node, name, "a path that begins with / or ~/") { setting.keyFile = path.value }
        default:
            let question = Suggestion.question(for: name, among: Self.reconcileNames)
            let others = question.isEmpty ? " (settings: \(Self.reconcileNames.joined(separator: ", ")))" : ""
            problems.append(
                ConfigurationProblem(
                    "“\(name)” is not a setting of a bucket\(question)\(others)", at: part.key.position))
        }
    }

    /// Returns a time of at least a minute.
    private mutating func time(_ node: ConfigurationNode, _ name: String) -> Duration? {
        let form = "a number of minutes, hours or days, such as 30m, 6h or 1d"
        guard let text = text(node, name, expected: form)?.value else { return nil }
        let time = TimeUnits.duration(text, in: "mhd", numbers: 1...36_525)
        if time == nil { refuse(node, name, expected: form) }
        return time
    }
}
