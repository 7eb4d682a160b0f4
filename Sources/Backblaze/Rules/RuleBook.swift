internal import Settings

/// The rules of one bucket, changed one at a time.
///
/// B2 can only replace the whole list, without compare-and-set. So each change reads the list immediately before it
/// writes, changes one rule in it, and reads the list again immediately after. What somebody else writes between the
/// read and the write is lost, and b2watch cannot detect it. A later change is detected and not undone.
public struct RuleBook: Sendable {
    public let client: B2Client
    public let bucket: Bucket
    /// The folder of the file with the list that the last change replaced; nil to save none.
    private let folder: String?

    /// - Parameter folder: The folder in which each list is saved before it is replaced, in case a person has to repair it.
    public init(_ client: B2Client, _ bucket: Bucket, savingIn folder: String? = nil) {
        self.client = client
        self.bucket = bucket
        self.folder = folder
    }

    /// Saves the list that is about to be replaced. It contains secrets, so only the user may read it.
    ///
    /// - Returns: What failed, in a sentence. A change is made all the same: it may be the one that restores a rule.
    private func save(_ rules: [NotificationRule]) -> String? {
        guard let folder else { return nil }
        let path = "\(folder)/\(bucket.name.replacing("/", with: "_")).json"
        let list: JSONValue = [
            "bucketId": .string(bucket.id), "bucketName": .string(bucket.name),
            "realm": .string(client.key.realm.description), "eventNotificationRules": .array(rules.map(\.json)),
        ]
        do throws(FileProblem) {
            try PrivateFile.write(list.prettyBytes, to: path)
            return nil
        } catch {
            return "the rules before the change are not saved: \(path) \(error.reason)"
        }
    }

    /// The result of a change.
    public struct Change: Sendable {
        public var before: NotificationRule?
        public var after: NotificationRule?
        /// Changes that somebody else made at the same time, in sentences.
        public var notes: [String] = []
    }

    /// Reads all rules, sorted by name.
    public func all() throws(B2Problem) -> [NotificationRule] {
        try client.rules(of: bucket).sorted { $0.name < $1.name }
    }

    /// Reads one rule.
    ///
    /// - Throws: `B2Problem` that lists the bucket's rules if none has that name.
    public func rule(named name: String) throws(B2Problem) -> NotificationRule {
        let rules = try all()
        guard let rule = rules.first(where: { $0.name == name }) else { throw Self.missing(name, bucket, rules) }
        return rule
    }

    /// Returns the signing secret of a rule.
    ///
    /// - Throws: `B2Problem` if it has none.
    public func secret(of rule: NotificationRule) throws(B2Problem) -> String {
        if let secret = rule.secret { return secret }
        throw B2Problem(
            .rule,
            "the rule \(rule.name) has no signing secret, so B2 signs nothing for it: give it one with b2watch rules update"
                + " \(bucket.name) \(rule.name) --new-secret")
    }

    /// Returns the problem that a bucket has no rule of that name. It lists the bucket's rules.
    public static func missing(_ name: String, _ bucket: Bucket, _ rules: [NotificationRule]) -> B2Problem {
        let names = rules.map(\.name)
        return B2Problem(
            .noRule,
            "the bucket \(bucket.name) has no rule “\(name)”: "
                + (names.isEmpty ? "it has none" : "it has \(names.joined(separator: ", "))"))
    }

    /// Changes one rule, and leaves all others unchanged.
    ///
    /// - Parameter make: Receives the current rule, nil if it does not exist, and the whole list. Returns the new rule,
    ///   or nil to delete it.
    /// - Throws: `B2Problem`, or the error that `make` throws.
    @discardableResult
    public func change(
        _ name: String,
        _ make: (NotificationRule?, [NotificationRule]) throws(B2Problem) -> NotificationRule?
    ) throws(B2Problem) -> Change {
        let before = try client.rules(of: bucket)
        let old = before.first { $0.name == name }
        let new = try make(old, before)
        if let old, let new, old.isSame(as: new) { return Change(before: old, after: old) }
        if old == nil, new == nil { return Change() }
        var wanted = before
        if let index = wanted.firstIndex(where: { $0.name == name }) {
            if let new { wanted[index] = new } else { wanted.remove(at: index) }
        } else if let new {
            wanted.append(new)
        }
        let problem = save(before)
        do throws(B2Problem) {
            _ = try client.setRules(wanted, of: bucket)
        } catch {
            // The change may have had its effect although no answer arrived.
            guard error.mayBeDone, let now = try? client.rules(of: bucket), Self.has(now, new, name) else {
                throw error
            }
        }
        let after = try client.rules(of: bucket)
        guard Self.has(after, new, name) else {
            throw B2Problem(
                .changed,
                "somebody else has changed the rule “\(name)” of \(bucket.name) at this moment: look at it (b2watch rules show"
                    + " \(bucket.name) \(name)) and try again")
        }
        return Change(
            before: old, after: after.first { $0.name == name },
            notes: Self.differences(from: before, to: after, except: name) + [problem].compactMap(\.self))
    }

    private static func has(_ rules: [NotificationRule], _ rule: NotificationRule?, _ name: String) -> Bool {
        let found = rules.first { $0.name == name }
        guard let rule, let found else { return rule == nil && found == nil }
        return found.isSame(as: rule)
    }

    /// Returns the differences in other rules, in sentences that contain both versions.
    static func differences(
        from before: [NotificationRule], to after: [NotificationRule], except name: String
    ) -> [String] {
        let names = Set((before + after).map(\.name)).subtracting([name]).sorted()
        return names.compactMap { name in
            let (old, new) = (before.first { $0.name == name }, after.first { $0.name == name })
            if let old, let new, old.isSame(as: new) { return nil }
            let lines = RuleDifference.lines(from: old, to: new)
            guard !lines.isEmpty else { return nil }
            return "somebody else has changed the rule “\(name)” in the meantime: \(lines.joined(separator: "; "))"
        }
    }
}

// MARK: - Secrets

/// New signing secrets and names of rules.
public enum RuleSecret {
    private static let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")

    /// Returns a secret in the form B2 requires: 32 letters and digits, each of the 62 equally likely, from the system's
    /// random source.
    public static func fresh() -> String { text(32, letters) }

    /// Returns a name for a temporary rule: `b2watch-` and twelve letters and digits.
    public static func temporaryName() -> String {
        temporaryPrefix + text(12, letters.filter { $0.isLowercase || $0.isNumber })
    }

    /// The prefix of the names of all temporary rules.
    public static let temporaryPrefix = "b2watch-"

    private static func text(_ count: Int, _ letters: [Character]) -> String {
        String((0..<count).compactMap { _ in letters.randomElement() })
    }
}
