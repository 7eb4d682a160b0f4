import ArgumentParser
import Backblaze
import Base
import Foundation
import History
import Notifications
import Receiving
import Sending
import Settings

/// The options of every command that calls Backblaze: the application key to use.
struct BackblazeOptions: ParsableArguments {
    @Option(
        name: .customLong("key-file"),
        help: ArgumentHelp(
            "A file with the application key: its id on the first line, the key on the second.",
            discussion: """
                Without it the key is that of the environment variables \(EnvironmentKey.idVariable) and \
                \(EnvironmentKey.keyVariable), or that of the b2 command, after asking. \(Realm.variable) names another \
                Backblaze: a URL.
                """, valueName: "file"))
    var keyFile: String?

    @Flag(
        name: .customLong("b2-account"),
        help: "Use the key that b2 account authorize has saved, without asking; it may be a master key.")
    var usesAccountFile = false

    @Option(
        name: .customLong("b2-profile"),
        help: ArgumentHelp("Use the key that the b2 command has saved for this profile.", valueName: "name"))
    var profile: String?

    func validate() throws {
        if keyFile?.isEmpty == true { throw ValidationError("--key-file wants a file's path") }
        let given = [
            keyFile.map { _ in "--key-file" }, usesAccountFile ? "--b2-account" : nil,
            profile.map { _ in "--b2-profile" },
        ].compactMap(\.self)
        if given.count > 1 {
            throw ValidationError("\(given.joined(separator: " and ")) exclude each other: give one of them")
        }
    }

    /// Returns a client that uses the key.
    ///
    /// - Throws: `B2Problem` if no key is set.
    func client(_ diagnostics: Diagnostics, clock: B2Clock = .system) throws -> B2Client {
        let key = try key()
        for note in key.notes { diagnostics.say(note, .warning) }
        return B2Client(key, http: try OutgoingClient.toBackblaze(), clock: clock) { diagnostics.say($0, .warning) }
    }

    private func key() throws -> ApplicationKey {
        let environment = ProcessInfo.processInfo.environment
        if !usesAccountFile, profile == nil, let key = try ApplicationKey.ofProcess(file: keyFile) { return key }
        guard let path = AccountFile.path(environment, profile: profile), access(path, F_OK) == 0 else {
            throw B2Problem(
                .key,
                "no application key is set: set \(EnvironmentKey.idVariable) and \(EnvironmentKey.keyVariable), or give"
                    + " --key-file FILE\(usesAccountFile || profile != nil ? "; the b2 command has saved none" : "")")
        }
        let key = try AccountFile.key(path)
        if !usesAccountFile, profile == nil {
            try Confirmation(isGiven: false).ask(
                2, "Use \(key), realm \(key.realm)? It may be a master key. (--b2-account does not ask)")
        }
        return key
    }
}

// MARK: - Keys and clients

extension ApplicationKey {
    /// Returns the key in a file, or without one the key that the environment contained; nil if it contained none.
    ///
    /// - Throws: `B2Problem`.
    static func ofProcess(file: String?) throws(B2Problem) -> ApplicationKey? {
        let realm = try Realm(ProcessInfo.processInfo.environment[Realm.variable] ?? "")
        if let file { return try KeyFile.key(file, realm) }
        return try ProcessEnvironment.backblazeKey.key(realm)
    }
}

extension B2Problem {
    /// Returns the problem that a process that receives has no key for a bucket.
    static func noKey(for bucket: String) -> B2Problem {
        B2Problem(
            .key,
            "no application key is set: set \(EnvironmentKey.idVariable) and \(EnvironmentKey.keyVariable), or write key-file:"
                + " FILE below \(bucket), below reconcile in config.yaml")
    }
}

extension OutgoingClient {
    /// Creates a client for Backblaze, with the proxies and the authorities of the environment.
    static func toBackblaze() throws -> OutgoingClient {
        let proxies = ProxyRules(environment: ProcessInfo.processInfo.environment)
        let rules = ConnectionRules(authorities: try ProcessEnvironment.authorities(nil))
        return OutgoingClient(OutgoingPolicy(proxies: proxies), rules: rules)
    }
}

extension B2Client {
    /// A description of the key in use, shown before anything is written.
    var introduction: String { "with \(key), realm \(key.realm)" }

    /// Returns the rules of a bucket; each list that is replaced is saved.
    func book(of bucket: String) throws(B2Problem) -> RuleBook {
        RuleBook(self, try self.bucket(named: bucket), savingIn: try? ProcessEnvironment.places.replacedRules)
    }
}

// MARK: - Saving secrets

/// The saved secrets, changed by commands that run next to another b2watch.
enum SavedSecrets {
    /// Saves a rule's secret, and has a running b2watch read it.
    ///
    /// - Parameter label: The secret's label; nil for one made from the rule's name. A number is added if it is in use.
    /// - Returns: What was done, in a sentence.
    static func save(_ value: String, ofRule rule: String, label: String? = nil) throws -> String {
        let file = RememberedSecrets(path: try ProcessEnvironment.places.secrets)
        let saved = try file.load().map(\.secret)
        let secret = try secret(value, ofRule: rule, label: label, among: saved)
        if let known = saved.first(where: secret.isSame) {
            return "the secret of the rule \(rule) is saved already: \(known)"
        }
        try file.save(saved + [secret])
        let sentence = "the secret \(secret), bound to the rule \(rule), is saved in \(file.path)"
        guard let history = try? ReadOnlyHistory(ProcessEnvironment.places.history) else { return sentence }
        defer { history.close() }
        do throws(ListenerCallFailure) {
            _ = try ListenerCall(history: history.path, owner: history.owner).ask(
                ReloadSecrets(), within: .seconds(5))
            return "\(sentence), and the b2watch that runs has read it"
        } catch {
            return error.isNobody
                ? sentence : "\(sentence); the b2watch that runs has not read it: restart it, or send it SIGHUP"
        }
    }

    /// Returns the secret of a rule, with a label that no known secret has.
    ///
    /// - Parameter label: The label to begin with; nil for one made from the rule's name.
    static func secret(
        _ value: String, ofRule rule: String, label: String? = nil, among known: [SigningSecret]
    ) throws -> SigningSecret {
        let letters = String(rule.filter { SecretLabel.isValid(String($0)) }.prefix(40))
        let label = label ?? (letters.isEmpty ? "rule" : letters)
        return try SigningSecret(
            label: SecretLabel.free(label, among: known.map(\.label)), value: value, binding: .rule(rule))
    }
}
