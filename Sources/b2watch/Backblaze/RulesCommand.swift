import ArgumentParser
import Backblaze
import Base
import Foundation
import Notifications
import Sending
import Settings

/// The notification rules of a bucket.
struct RulesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rules", abstract: "Lists and changes the event notification rules of a bucket.",
        discussion: """
            A change reads the rules, changes one of them, and writes them all back, for B2 knows nothing else. What \
            somebody else writes in the moment between is lost; what is written later is reported. Secrets and the values \
            of custom headers are masked, unless --show-secrets is given.

            Exit status: 0 done; 1 not done; 64 usage.
            """,
        subcommands: [
            RulesListCommand.self, RulesShowCommand.self, RulesCreateCommand.self, RulesUpdateCommand.self,
            RulesEnableCommand.self, RulesDisableCommand.self, RulesDeleteCommand.self, RulesImportSecretCommand.self,
        ])
}

/// The options of every command about rules.
struct RulesOptions: ParsableArguments {
    @Argument(help: "The bucket's name.")
    var bucket: String

    @Flag(name: .customLong("json"), help: "Write JSON, as B2 has it.")
    var isJSON = false

    @Flag(name: .customLong("show-secrets"), help: "Show secrets and the values of custom headers.")
    var showsSecrets = false

    @OptionGroup var account: BackblazeOptions

    /// Calls Backblaze.
    ///
    /// - Throws: An `ExitCode`, after the reason has been printed.
    func asking(_ body: (RuleBook, OutputLines) throws -> Void) throws {
        let diagnostics = Diagnostics("rules")
        try StartFailure.explained(by: diagnostics) {
            try body(account.client(diagnostics).book(of: bucket), OutputLines(diagnostics: diagnostics))
        }
        diagnostics.flush()
    }

    /// Changes a rule, after showing the difference and asking.
    ///
    /// - Returns: The rule as B2 has it now; nil if it is deleted.
    func change(
        _ name: String, _ edit: RuleEdit, _ book: RuleBook, _ output: OutputLines, isConfirmed: Bool
    ) throws -> NotificationRule? {
        let plan = try book.plan(edit, of: name)
        guard !plan.differences.isEmpty else {
            output.diagnostics.say("the rule \(name) is as it is to be: nothing was changed")
            return plan.before
        }
        output.diagnostics.say("\(book.client.introduction), the rule \(name) of \(bucket):")
        for line in plan.differences.flatMap(\.lines) { output.diagnostics.say("  \(line)") }
        output.diagnostics.flush()
        try Confirmation(isGiven: isConfirmed).ask(2, "Change it so?")
        let change = try book.make(edit, of: name, planned: plan.version)
        for note in change.notes { output.diagnostics.say(note, .warning) }
        return change.after
    }

    /// Writes rules as JSON.
    func write(_ value: JSONValue, _ output: OutputLines) throws {
        try output.write(text: value.prettyBytes)
    }

    /// Returns the rule to show, masked unless secrets were requested.
    func shown(_ rule: NotificationRule) -> NotificationRule { showsSecrets ? rule : rule.masked }
}

/// Whether a change is made without asking.
struct ChangeOptions: ParsableArguments {
    @Flag(name: .customLong("yes"), help: "Do not ask; needed where there is no terminal.")
    var isConfirmed = false
}

// MARK: - list and show

/// Lists the rules of a bucket.
struct RulesListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the rules of a bucket: what they are for, and where they lead.")

    @OptionGroup var options: RulesOptions

    func run() throws {
        try options.asking { book, output in
            let rules = try book.all()
            if options.isJSON {
                return try options.write(.array(rules.map { options.shown($0).json }), output)
            }
            guard !rules.isEmpty else { return try output.write(["\(SafeText(book.bucket.name)) has no rule"]) }
            var table = LineTable(["RULE", "STATE", "SIGNED", "PREFIX", "EVENT TYPES", "TARGET"])
            for rule in rules {
                let types = rule.eventTypes.map { $0.hasPrefix("b2:") ? String($0.dropFirst(3)) : $0 }
                table.add([
                    SafeText(rule.name), SafeText(rule.state), rule.secret == nil ? "no" : "yes",
                    rule.prefix.isEmpty ? "(all)" : SafeText(rule.prefix), SafeText(types.joined(separator: ", ")),
                    SafeText(options.showsSecrets ? rule.url : rule.shownURL),
                ])
            }
            try output.write(table.lines + rules.compactMap(\.suspension).map { SafeText($0) })
        }
    }
}

/// Shows one rule.
struct RulesShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Shows all that B2 has of a rule.")

    @OptionGroup var options: RulesOptions

    @Argument(help: "The rule's name.")
    var name: String

    func run() throws {
        try options.asking { book, output in
            let rule = try book.rule(named: name)
            try options.write(options.shown(rule).json, output)
            if !options.isJSON, let suspension = rule.suspension { output.diagnostics.say(suspension, .warning) }
        }
    }
}

// MARK: - create and update

/// The notifications that a rule is for, and how B2 sends them.
struct RuleScope: ParsableArguments {
    @Option(
        name: .customLong("event-types"),
        help: ArgumentHelp(
            "all, or types separated by commas, such as b2:ObjectCreated:*. (default: all)", valueName: "types"))
    var eventTypes: String?

    @Option(help: "The beginning of objects' names; '' for all objects.")
    var prefix: String?

    @Option(
        name: .customLong("custom-header"), parsing: .singleValue,
        help: ArgumentHelp("A header field that B2 adds; may be given several times.", valueName: "name=value"))
    var customHeaders: [String] = []

    @Option(
        name: .customLong("max-events-per-batch"), parsing: .unconditional,
        help: ArgumentHelp("The most events of one notification, 1 to 50. (default: 1)", valueName: "n"))
    var batch: Int?

    /// Whether any of the options was given.
    var isGiven: Bool { eventTypes != nil || prefix != nil || !customHeaders.isEmpty || batch != nil }

    func validate() throws {
        if let eventTypes {
            let types: [String]
            do throws(B2Problem) {
                types = try RuleEventType.parse(eventTypes)
            } catch {
                throw ValidationError("--event-types: \(error)")
            }
            if types.isEmpty { throw ValidationError("--event-types wants at least one type, or all") }
        }
        for text in customHeaders where CustomHeader(text) == nil {
            throw ValidationError("--custom-header \(text): write NAME=VALUE")
        }
        if let batch, !NotificationRule.batches.contains(batch) {
            throw ValidationError("--max-events-per-batch \(batch): write 1 to 50")
        }
    }

    /// Returns the fields that were given.
    func settings() throws(B2Problem) -> RuleSettings {
        var settings = RuleSettings()
        if let eventTypes { settings.eventTypes = try RuleEventType.parse(eventTypes) }
        settings.prefix = prefix
        if !customHeaders.isEmpty { settings.customHeaders = customHeaders.compactMap(CustomHeader.init) }
        settings.maxEventsPerBatch = batch
        return settings
    }
}

/// The fields of a rule that a command creates or changes.
struct RuleFields: ParsableArguments {
    @Option(help: "Where B2 sends notifications: an https URL.")
    var url: String?

    @OptionGroup var scope: RuleScope

    @Option(
        name: .customLong("secret-file"),
        help: ArgumentHelp("A file with the signing secret: 32 letters and digits.", valueName: "file"))
    var secretFile: String?

    @Flag(name: .customLong("unsigned"), help: "Let B2 sign nothing. Anybody who knows the URL can then forge events.")
    var isUnsigned = false

    func validate() throws {
        if isUnsigned, secretFile != nil {
            throw ValidationError("--unsigned and --secret-file exclude each other: give one of them")
        }
    }

    /// Whether any of the options was given.
    var isGiven: Bool { url != nil || scope.isGiven || secretFile != nil || isUnsigned }

    /// Returns the secret in the file; nil if no file is named.
    func secret() throws -> String? {
        try secretFile.map { try SecretFile(argument: $0).load().secret.withExposedValue { $0 } }
    }

    /// Returns the fields that were given.
    func settings() throws(B2Problem) -> RuleSettings {
        var settings = try scope.settings()
        settings.url = url
        if isUnsigned { settings.secret = RuleSettings.Secret.none }
        return settings
    }
}

/// Creates a rule.
struct RulesCreateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Creates a rule, with a fresh signing secret that b2watch saves.",
        discussion: """
            Without --secret-file and --unsigned the secret is made from the system's random source and saved, bound to the \
            rule, where b2watch finds it; it is not shown.
            """)

    @OptionGroup var options: RulesOptions

    @Argument(help: "The rule's name: 6 to 63 letters, digits and hyphens.")
    var name: String

    @OptionGroup var fields: RuleFields

    @Flag(help: "Create it disabled.")
    var disabled = false

    @OptionGroup var changing: ChangeOptions

    func validate() throws {
        if fields.url == nil { throw ValidationError("--url is missing: the https URL at which b2watch is reached") }
    }

    func run() throws {
        try options.asking { book, output in
            let given = try fields.secret()
            let secret = fields.isUnsigned ? nil : given ?? RuleSecret.fresh()
            var settings = try fields.settings()
            if let secret { settings.secret = .value(secret) }
            settings.isEnabled = !disabled
            let rule = try options.change(
                name, .create(settings), book, output, isConfirmed: changing.isConfirmed)
            SeenRules(ofBucket: options.bucket)?.note(name)
            try options.end("created", rule, output)
            guard let secret else { return }
            try options.save(secret, of: name, output)
        }
    }
}

extension RulesOptions {
    /// Reports what was done.
    fileprivate func end(_ done: String, _ rule: NotificationRule?, _ output: OutputLines) throws {
        if isJSON, let rule { return try write(shown(rule).json, output) }
        let name = SafeText(rule?.name ?? "")
        try output.write(["the rule \(name) of \(SafeText(bucket)) is \(SafeText(done))"])
        if let suspension = rule?.suspension { output.diagnostics.say(suspension, .warning) }
    }

    /// Saves a rule's secret. If that fails, the secret can still be read from B2.
    fileprivate func save(_ secret: String, of name: String, _ output: OutputLines) throws {
        do {
            output.diagnostics.say(try SavedSecrets.save(secret, ofRule: name))
        } catch {
            output.diagnostics.say(
                "the rule's secret is not saved: \(error). Try again: b2watch rules import-secret \(bucket) \(name)",
                .error)
            output.diagnostics.flush()
            throw ExitStatus.failed
        }
    }
}

/// Changes a rule.
struct RulesUpdateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "update", abstract: "Changes a rule: what is not given stays as it is.")

    @OptionGroup var options: RulesOptions

    @Argument(help: "The rule's name.")
    var name: String

    @OptionGroup var fields: RuleFields

    @Flag(name: .customLong("new-secret"), help: "Give it a fresh signing secret, which b2watch saves.")
    var hasNewSecret = false

    @Flag(name: .customLong("no-custom-headers"), help: "Remove its custom headers.")
    var hasNoHeaders = false

    @OptionGroup var changing: ChangeOptions

    func validate() throws {
        if hasNewSecret, fields.isUnsigned || fields.secretFile != nil {
            throw ValidationError("--new-secret excludes --secret-file and --unsigned: give one of them")
        }
        if hasNoHeaders, !fields.scope.customHeaders.isEmpty {
            throw ValidationError("--no-custom-headers and --custom-header exclude each other: give one of them")
        }
        guard fields.isGiven || hasNewSecret || hasNoHeaders else {
            throw ValidationError("there is nothing to change: give --url, --prefix or another field of the rule")
        }
    }

    func run() throws {
        try options.asking { book, output in
            let given = try fields.secret()
            let secret = hasNewSecret ? RuleSecret.fresh() : given
            var settings = try fields.settings()
            if hasNoHeaders { settings.customHeaders = [] }
            if let secret { settings.secret = .value(secret) }
            let rule = try options.change(
                name, .update(settings), book, output, isConfirmed: changing.isConfirmed)
            try options.end("updated", rule, output)
            guard let secret else { return }
            try options.save(secret, of: name, output)
        }
    }
}

// MARK: - enable, disable, delete

/// Enables a rule.
struct RulesEnableCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enable", abstract: "Enables a rule, so that B2 sends its notifications.")

    @OptionGroup var options: RulesOptions

    @Argument(help: "The rule's name.")
    var name: String

    @OptionGroup var changing: ChangeOptions

    func run() throws {
        try options.setEnabled(name, true, changing)
    }
}

/// Disables a rule.
struct RulesDisableCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "disable", abstract: "Disables a rule: B2 sends nothing for it.")

    @OptionGroup var options: RulesOptions

    @Argument(help: "The rule's name.")
    var name: String

    @OptionGroup var changing: ChangeOptions

    func run() throws {
        try options.setEnabled(name, false, changing)
    }
}

extension RulesOptions {
    fileprivate func setEnabled(_ name: String, _ isEnabled: Bool, _ changing: ChangeOptions) throws {
        try asking { book, output in
            let edit = RuleEdit.update(RuleSettings(isEnabled: isEnabled))
            let rule = try change(name, edit, book, output, isConfirmed: changing.isConfirmed)
            try end(isEnabled ? "enabled" : "disabled", rule, output)
        }
    }
}

/// Deletes a rule.
struct RulesDeleteCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Deletes a rule. The saved secret stays, so that what it verified stays valid."
    )

    @OptionGroup var options: RulesOptions

    @Argument(help: "The rule's name.")
    var name: String

    @OptionGroup var changing: ChangeOptions

    func run() throws {
        try options.asking { book, output in
            _ = try options.change(name, .delete, book, output, isConfirmed: changing.isConfirmed)
            if options.isJSON { return try output.write(["null"]) }
            try output.write(["the rule \(SafeText(name)) of \(SafeText(options.bucket)) is deleted"])
        }
    }
}

// MARK: - import-secret

/// Saves the secret that B2 has for a rule.
struct RulesImportSecretCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import-secret",
        abstract: "Saves a rule's signing secret, bound to the rule, without anybody pasting it.")

    @OptionGroup var options: RulesOptions

    @Argument(help: "The rule's name.")
    var name: String

    @Option(help: "What the secret is called. (default: the rule's name)")
    var label: String?

    func validate() throws {
        if let label, !SecretLabel.isValid(label) {
            throw ValidationError("--label \(label): write 1 to 40 letters, digits, dots, hyphens or underscores")
        }
    }

    func run() throws {
        try options.asking { book, output in
            let rule = try book.rule(named: name)
            try output.write([SafeText(try SavedSecrets.save(book.secret(of: rule), ofRule: name, label: label))])
        }
    }
}
