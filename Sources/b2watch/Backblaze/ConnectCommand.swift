import ArgumentParser
import Backblaze
import Base
import Foundation
import Notifications
import Sending
import Settings

/// Receives the notifications of a bucket. A rule points here for as long as b2watch runs.
struct ConnectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "connect",
        abstract: "Receives the notifications of a bucket: makes a rule, opens a tunnel, undoes both at the end.",
        usage: """
            b2watch connect <bucket> --tunnel <tunnel> [<options>]
            b2watch connect <bucket> --public-url <url> [<options>]
            b2watch connect <bucket> --rule <name> --tunnel <tunnel> [<options>]
            b2watch connect <bucket> --rule <name> --event-broker-url <url> --tunnel <tunnel> [<options>]
            """,
        discussion: """
            A temporary rule with a fresh signing secret leads to this machine, by a public URL that you have or by a tunnel. \
            Before the rule is made, a signed test event goes through the URL: it must arrive here. However b2watch ends, it \
            deletes the rule; after kill -9 the next connect or cleanup does. With --rule an existing rule is borrowed: its \
            target is swapped and restored, and what arrives is sent on to its old target. With --event-broker-url the rule \
            stays as it is: b2watch subscribes to Backblaze's event broker, which the rule leads to.

            On a terminal it shows the dashboard, else it writes a line for each event, as b2watch listen does.

            Exit status: 0 done; 1 not connected, or the bucket was not restored; 3 the address cannot be bound; 4 the \
            history cannot be opened; 64 usage or configuration.
            """)

    @Argument(help: "The bucket's name.")
    var bucket: String

    @Option(
        help: ArgumentHelp(
            "cloudflared, ngrok, ssh:[USER@]HOST[:PORT] (with --public-url), or a command.",
            discussion: """
                In a command {port} is the port to lead to; it is run without a shell, and prints its URL alone on a line.
                """, valueName: "tunnel"))
    var tunnel: String?

    @Option(
        name: .customLong("public-url"),
        help: ArgumentHelp("An https URL that leads to this b2watch.", valueName: "url"))
    var publicURL: String?

    @Option(help: ArgumentHelp("Borrow this rule instead of making a temporary one.", valueName: "name"))
    var rule: String?

    @OptionGroup var scope: RuleScope

    @Option(
        name: .customLong("forward"), parsing: .singleValue,
        help: ArgumentHelp(
            "Send each delivery on to this URL too, unchanged; may be given several times.", valueName: "url"))
    var forward: [String] = []

    @Option(
        name: .customLong("event-broker-url"),
        help: ArgumentHelp(
            "Subscribe to Backblaze's event broker sample at this URL, for the rule that --rule names.",
            valueName: "url"
        ))
    var brokerURL: String?

    @Option(
        name: .customLong("poll-interval"), parsing: .unconditional,
        help: ArgumentHelp(
            "Seconds from one look whether the broker still has the subscription to the next. (default: 30)",
            valueName: "seconds"))
    var pollInterval: Int?

    @Flag(
        name: .customLong("unsigned"),
        help: "Let the rule have no signing secret: what it brings gets the verdict unsigned, which is never valid.")
    var isUnsigned = false

    @Flag(name: .customLong("no-forward"), help: "Do not send what a borrowed rule brings on to its old target.")
    var hasNoForward = false

    @Flag(name: .customLong("yes"), help: "Do not ask before a rule is borrowed; needed where there is no terminal.")
    var isConfirmed = false

    @OptionGroup var account: BackblazeOptions
    @OptionGroup var receiving: ReceivingOptions
    @OptionGroup var plain: PlainOption

    @Option(help: "text: one line an event; json: one JSON object a delivery.")
    var format = OutputFormat.text

    func validate() throws {
        guard tunnel != nil || publicURL != nil else {
            throw ValidationError(
                "B2 must be able to reach b2watch: give --tunnel cloudflared, another tunnel, or --public-url URL")
        }
        if tunnel != nil, receiving.callers.tlsCertificate != nil {
            throw ValidationError("\(Self.tunnelWithTLS): leave out --tls-certificate")
        }
        let tunnel: Tunnel?
        do throws(B2Problem) {
            tunnel = try self.tunnel.map { text throws(B2Problem) in try Tunnel(text) }
        } catch {
            throw ValidationError("\(error)")
        }
        if let tunnel, tunnel.needsPublicURL, publicURL == nil {
            throw ValidationError("--tunnel \(self.tunnel ?? ""): ssh makes no URL, so give --public-url too")
        }
        if rule != nil, scope.isGiven {
            throw ValidationError(
                "--rule borrows a rule as it is: leave out --event-types, --prefix, --custom-header and"
                    + " --max-events-per-batch")
        }
        if let brokerURL {
            guard rule != nil else {
                throw ValidationError(
                    "--event-broker-url needs --rule NAME: the rule of the bucket that leads to the event broker")
            }
            if isUnsigned || hasNoForward {
                throw ValidationError(
                    "--event-broker-url leaves the rule as it is: leave out --unsigned and --no-forward")
            }
            try Self.check(brokerURL, of: "--event-broker-url")
        }
        if let pollInterval {
            guard brokerURL != nil else { throw ValidationError("--poll-interval belongs to --event-broker-url") }
            guard (1...86_400).contains(pollInterval) else {
                throw ValidationError("--poll-interval \(pollInterval): write 1 to 86400 seconds")
            }
        }
        for text in forward { try Self.check(text, of: "--forward") }
    }

    /// Refuses a URL that is not valid, or to which anyone between could read what is sent.
    private static func check(_ text: String, of option: String) throws {
        let url: WebhookURL
        do throws(WebhookURLError) {
            url = try WebhookURL(text)
        } catch {
            throw ValidationError("\(option): \(error)")
        }
        guard url.isSecure || url.isLoopback else {
            throw ValidationError("\(option) \(text): anyone between could read plain http: write https://")
        }
    }

    private static let tunnelWithTLS = "a tunnel speaks HTTPS itself, and plain HTTP to b2watch"

    /// Refuses a certificate of the configuration together with a tunnel, as the option is refused.
    private func checkTLS() throws {
        guard tunnel != nil, let certificate = try ProcessEnvironment.configuration().tlsCertificate,
            let path = try? ProcessEnvironment.places.settings
        else { return }
        throw ConfigurationError(
            path: path,
            problems: [
                ConfigurationProblem(
                    "“tls-certificate” is set, and \(Self.tunnelWithTLS): leave out --tunnel and give --public-url, or take the"
                        + " certificate out, for this command perhaps in another folder (XDG_CONFIG_HOME)",
                    at: certificate.position)
            ])
    }

    func run() throws {
        Signals.block()
        let diagnostics = Diagnostics("connect")
        try StartFailure.explained(by: diagnostics) { try checkTLS() }
        let companion = try Signals.letEnd {
            try StartFailure.explained(by: diagnostics) { try prepare(diagnostics) }
        }
        diagnostics.flush()
        var receiving = receiving
        // A tunnel can lead to any free port; a public URL leads to a port that somebody has chosen.
        if receiving.listen == nil, publicURL == nil, try ProcessEnvironment.configuration().listen == nil {
            receiving.listen = "127.0.0.1:0"
        }
        try WatchCommand.run(receiving, plain, format: format, with: companion)
    }

    /// Asks B2 and the user for everything that must be known before anything is changed.
    private func prepare(_ diagnostics: Diagnostics) throws -> BucketCompanion {
        let folder = try ProcessEnvironment.places.connections
        let client = try account.client(diagnostics)
        let book = try client.book(of: bucket)
        let bucket = book.bucket
        try client.require([B2Capability.readRules] + (brokerURL == nil ? [B2Capability.writeRules] : []))
        diagnostics.say("connecting to \(bucket.name) \(client.introduction)")
        for note in try ConnectionCleanup.run(book, folder: folder) { diagnostics.say("left from before: \(note)") }
        let rules = try book.all()
        let realm = client.key.realm
        if let publicURL, let problem = NotificationRule.problem(ofURL: publicURL, in: realm) {
            throw B2Problem(.rule, "--public-url \(problem)")
        }
        var wanted: NotificationRule
        var forward = try forward.map { try WebhookURL($0) }
        let secret: String?
        if let name = rule {
            guard let original = rules.first(where: { $0.name == name }) else {
                throw RuleBook.missing(name, bucket, rules)
            }
            guard original.secret != nil || isUnsigned else {
                throw B2Problem(
                    .rule,
                    "the rule \(name) has no signing secret, so nothing that it brings can be verified: give it one with b2watch"
                        + " rules update \(bucket.name) \(name) --new-secret, or connect with --unsigned")
            }
            (wanted, secret) = (original, original.secret)
            if brokerURL == nil {
                if !hasNoForward { forward.append(try WebhookURL(original.url)) }
                try ask(original, diagnostics)
            }
        } else {
            secret = isUnsigned ? nil : RuleSecret.fresh()
            wanted = NotificationRule(
                name: RuleSecret.temporaryName(), eventTypes: RuleEventType.all, prefix: "",
                url: "https://b2watch.invalid/", secret: secret)
            try scope.settings().apply(to: &wanted, among: rules)
            try wanted.check(among: rules, in: realm)
        }
        if let suspension = wanted.suspension { diagnostics.say(suspension, .warning) }
        let broker = try brokerURL.map { try WebhookURL($0) }
        if let broker, let target = try? WebhookURL(wanted.url), target.authority != broker.authority {
            diagnostics.say(
                "the rule \(wanted.name) leads to \(wanted.shownURL), not to the event broker at \(broker.authority): nothing"
                    + " will come from there until it does", .warning)
        }
        let look = pollInterval.map { Duration.seconds($0) } ?? BrokerSubscription.usualLook
        let lease = RuleLease(book, rule: wanted, isTemporary: rule == nil, folder: folder)
        let target: BucketCompanion.Target = { [bucket, wanted] http, tell in
            guard let broker, let secret else { return lease }
            return BrokerSubscription(
                broker, bucket: bucket.name, rule: wanted.name,
                secret: try SigningSecret(label: "broker", value: secret), http: http, look: look, told: tell)
        }
        return BucketCompanion(
            client.key, target: target, goal: broker.map { "the event broker at \($0.authority)" },
            ruleName: wanted.name, bucket: bucket.name, secret: secret, tunnel: try tunnel.map { try Tunnel($0) },
            publicURL: publicURL, forward: forward, isLocal: realm.isLoopback, diagnostics: diagnostics)
    }

    private func ask(_ rule: NotificationRule, _ diagnostics: Diagnostics) throws {
        let forwarding =
            hasNoForward
            ? "that target gets nothing in the meantime (--no-forward)" : "each delivery is sent on to it unchanged"
        diagnostics.say(
            "the rule \(rule.name) leads to \(rule.shownURL). While b2watch is connected it leads here, and \(forwarding). It is"
                + " restored however b2watch ends; after kill -9 by the next b2watch connect, or b2watch cleanup"
                + " \(bucket)")
        diagnostics.flush()
        try Confirmation(isGiven: isConfirmed).ask(2, "Borrow the rule \(rule.name)?")
    }
}

// MARK: - cleanup

/// Undoes the changes that a killed b2watch has left.
struct CleanupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cleanup",
        abstract: "Undoes what a b2watch connect that was killed has left in a bucket's rules.",
        discussion: """
            Deletes temporary rules and restores the target of borrowed ones, by what b2watch has written down on this \
            machine. What a b2watch that runs is connected by stays, and so does all that is not b2watch's.
            """)

    @Argument(help: "The bucket's name.")
    var bucket: String

    @OptionGroup var account: BackblazeOptions

    func run() throws {
        let diagnostics = Diagnostics("cleanup")
        try StartFailure.explained(by: diagnostics) {
            let folder = try ProcessEnvironment.places.connections
            let client = try account.client(diagnostics)
            let book = try client.book(of: bucket)
            diagnostics.say("cleaning up \(bucket) \(client.introduction)")
            let notes = try ConnectionCleanup.run(book, folder: folder)
            for note in notes { diagnostics.say(note) }
            if notes.isEmpty { diagnostics.say("there is nothing to clean up") }
            let mine = ConnectionJournal.leftovers(in: folder, bucket: bucket, realm: client.key.realm).inUse
            for entry in mine {
                diagnostics.say("b2watch (process \(entry.process)) is connected by the rule \(entry.rule): it stays")
            }
            let others = try book.all().filter { rule in
                rule.name.hasPrefix(RuleSecret.temporaryPrefix) && !mine.contains { $0.rule == rule.name }
            }
            for rule in others {
                diagnostics.say(
                    "the rule \(rule.name) is a temporary one, but this machine has not made it: where nobody uses it, b2watch"
                        + " rules delete \(bucket) \(rule.name)", .warning)
            }
        }
        diagnostics.flush()
    }
}
