internal import Base
internal import Notifications

/// Reads values of nodes, and collects their problems.
struct ConfigurationReading {
    /// The user's home folder, for which `~/` is written.
    let home: String?
    var problems: [ConfigurationProblem] = []

    init(home: String? = nil) {
        self.home = home
    }

    /// Reports that something else was expected.
    mutating func refuse(_ node: ConfigurationNode, _ name: String, expected: String) {
        var text = "“\(name)” is \(node.summary); expected is \(expected)"
        // The colour `#87d787` without quotes is an empty value followed by a comment.
        if node.isEmpty { text += " (text after # is a comment unless it is quoted)" }
        problems.append(ConfigurationProblem(text, at: node.position))
    }

    /// Returns a text that is not blank.
    mutating func text(_ node: ConfigurationNode, _ name: String, expected: String) -> Located<String>? {
        if let text = node.text { return Located(text, at: node.position) }
        refuse(node, name, expected: expected)
        return nil
    }

    /// Returns the path of a file.
    mutating func file(_ node: ConfigurationNode, _ name: String) -> Located<String>? {
        path(node, name, "a file, with a path that begins with / or ~/")
    }

    /// Returns an absolute path: `~/` is the user's home folder.
    mutating func path(_ node: ConfigurationNode, _ name: String, _ form: String) -> Located<String>? {
        guard let text = text(node, name, expected: form) else { return nil }
        if text.value.hasPrefix("/") { return text }
        if let home, text.value.hasPrefix("~/") { return Located(home + text.value.dropFirst(), at: text.position) }
        refuse(node, name, expected: form)
        return nil
    }

    /// Returns addresses, blocks of them, and files with some.
    fileprivate mutating func addresses(_ node: ConfigurationNode, _ name: String) -> [Located<String>] {
        let form = "an address, a block such as 192.0.2.0/24, or a file of them, or a list of these"
        return (items(node, name, expected: form, orOne: true) ?? []).compactMap { item in
            guard let text = text(item, name, expected: form) else { return nil }
            return IPNetwork(text.value) != nil ? text : path(item, name, form)
        }
    }

    /// Returns the value of `yes` or `no`.
    mutating func truth(_ node: ConfigurationNode, _ name: String) -> Bool? {
        if node.truth == nil { refuse(node, name, expected: "yes or no") }
        return node.truth
    }

    /// Returns one of a few words.
    mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ node: ConfigurationNode, _ name: String, of type: Choice.Type
    ) -> Choice? {
        let words = Choice.allCases.map(\.rawValue)
        guard case .scalar(let text, _) = node.content, !node.isEmpty else {
            refuse(node, name, expected: words.joined(separator: ", "))
            return nil
        }
        // What YAML takes for a truth value is one of the words, or none.
        let word = ["false": "no", "off": "no"][text.lowercased()] ?? text.lowercased()
        if let choice = Choice(rawValue: word) { return choice }
        let question = Suggestion.question(for: text, among: words)
        refuse(node, name, expected: "one of \(words.joined(separator: ", "))\(question)")
        return nil
    }

    /// Returns a time with its unit, of at least a second; nil, twice, for `no`.
    mutating func duration(_ node: ConfigurationNode, _ name: String) -> Duration?? {
        if case .scalar(let text, _) = node.content, !node.isEmpty {
            if node.truth == false { return .some(nil) }
            if let time = TimeUnits.duration(text, in: "smhd", numbers: 1...36_525) { return time }
        }
        refuse(node, name, expected: "no, or a number of seconds, minutes, hours or days, such as 90s, 30m, 2h or 1d")
        return nil
    }

    /// Returns the items of a list; a single item is a list of one if that is allowed.
    mutating func items(
        _ node: ConfigurationNode, _ name: String, expected: String, orOne: Bool = false
    ) -> [ConfigurationNode]? {
        switch node.content {
        case .list(let items): return items
        case .scalar where orOne && !node.isEmpty: return [node]
        default:
            refuse(node, name, expected: expected)
            return nil
        }
    }

    /// Returns the entries of a map.
    mutating func entries(
        _ node: ConfigurationNode, _ name: String, expected: String
    ) -> [ConfigurationNode.Entry]? {
        if node.isEmpty { return [] }
        guard case .map(let entries) = node.content else {
            refuse(node, name, expected: expected)
            return nil
        }
        return entries
    }
}

extension ConfigurationReading {
    /// Returns the whole configuration.
    mutating func configuration(_ root: ConfigurationNode) -> Configuration {
        var configuration = Configuration()
        let names = Setting.all.map(\.name)
        for entry in entries(root, "the configuration", expected: "a map of settings, such as theme: dark") ?? [] {
            guard let setting = Setting.all.first(where: { $0.name == entry.key.value }) else {
                let question = Suggestion.question(for: entry.key.value, among: names)
                let others = question.isEmpty ? " (settings: \(names.joined(separator: ", ")))" : ""
                problems.append(
                    ConfigurationProblem(
                        "“\(entry.key.value)” is not a setting\(question)\(others)", at: entry.key.position))
                continue
            }
            setting.read(&configuration, entry.value, &self)
        }
        return configuration
    }
}

// MARK: - Tables

extension ConfigurationReading {
    /// Returns keys for commands. The dashboard checks whether there is such a command.
    mutating func keys(_ node: ConfigurationNode) -> [Configuration.KeySetting] {
        let form = "a map from commands to keys, such as next-problem: [e, f5]"
        return (entries(node, "keys", expected: form) ?? []).map { entry in
            let items = items(entry.value, entry.key.value, expected: "a key or a list of keys", orOne: true) ?? []
            let keys = items.compactMap { item -> Located<Key>? in
                guard let name = text(item, entry.key.value, expected: "a key: \(Key.nameForms)") else { return nil }
                guard let key = Key(name: name.value) else {
                    refuse(item, entry.key.value, expected: "a key: \(Key.nameForms)")
                    return nil
                }
                return Located(key, at: name.position)
            }
            return Configuration.KeySetting(command: entry.key, keys: keys)
        }
    }

    /// Reads roles for every theme, and for the theme whose name they are below.
    mutating func colours(_ node: ConfigurationNode) -> Configuration.Colours {
        let themes = Theme.Kind.allCases.map(\.rawValue)
        let form = "a map from roles to colours, such as good: green bold"
        var colours = Configuration.Colours()
        for entry in entries(node, "colours", expected: form) ?? [] {
            if let kind = Theme.Kind(rawValue: entry.key.value) {
                for entry in entries(entry.value, entry.key.value, expected: form) ?? [] {
                    if let (role, look) = look(entry, names: []) { colours.ofThemes[kind, default: [:]][role] = look }
                }
            } else if let (role, look) = look(entry, names: themes) {
                colours.ofAll[role] = look
            }
        }
        return colours
    }

    /// - Parameter names: The other names allowed in the place of a role.
    private mutating func look(_ entry: ConfigurationNode.Entry, names: [String]) -> (Role, Look)? {
        let roles = Role.allCases.map(\.rawValue)
        guard let role = Role(rawValue: entry.key.value) else {
            let question = Suggestion.question(for: entry.key.value, among: roles + names)
            let others = names.isEmpty ? "" : ", or a theme: \(names.joined(separator: ", "))"
            problems.append(
                ConfigurationProblem(
                    "“\(entry.key.value)” is not a role\(question) (roles: \(roles.joined(separator: ", "))\(others))",
                    at: entry.key.position))
            return nil
        }
        let form =
            "a colour (\(Colour.names.prefix(8).joined(separator: ", ")), each also with bright-, default, a number from 0"
            + " to 255, or \"#rrggbb\" in quotes), bold, dim, underline, or several of them"
        guard let text = text(entry.value, entry.key.value, expected: form) else { return nil }
        var look = Look()
        var hasColour = false
        for word in text.value.split(separator: " ") {
            switch word.lowercased() {
            case "bold": look.isBold = true
            case "dim": look.isDim = true
            case "underline": look.isUnderlined = true
            default:
                let colour = Colour(name: String(word))
                guard !hasColour, colour != nil || word.lowercased() == "default" else {
                    let words = Colour.names + ["default", "bold", "dim", "underline"]
                    let question = hasColour ? "" : Suggestion.question(for: String(word), among: words)
                    refuse(entry.value, entry.key.value, expected: "\(form)\(question)")
                    return nil
                }
                look.colour = colour
                hasColour = true
            }
        }
        return (role, look)
    }
}

// MARK: - Settings

/// A key at the top level of the configuration.
struct Setting: Sendable {
    /// The key.
    let name: String
    /// The values that it may have.
    let form: String
    /// The default value.
    let fallback: String
    /// Reads it into the configuration.
    let read: @Sendable (inout Configuration, ConfigurationNode, inout ConfigurationReading) -> Void

    /// All keys, in the order of `docs/configuration.md`.
    static let all: [Setting] = shown + told + received + tables

    private static let shown: [Setting] = [
        Setting("theme", "auto, dark, light or monochrome", "auto") { configuration, node, reading in
            if let kind = reading.choice(node, "theme", of: Theme.Kind.self) { configuration.kind = kind }
        },
        Setting("utc", "yes or no", "no") { configuration, node, reading in
            if let truth = reading.truth(node, "utc") { configuration.utc = truth }
        },
        Setting("timestamps", "rfc3339 or epoch", "rfc3339") { configuration, node, reading in
            guard let form = reading.choice(node, "timestamps", of: Configuration.Timestamps.self) else { return }
            configuration.timestamps = form
        },
        Setting("start-view", "a view's name", "events") { configuration, node, reading in
            configuration.startView = reading.text(node, "start-view", expected: "the name of a view, such as events")
        },
        Setting("follow", "yes or no", "yes") { configuration, node, reading in
            if let truth = reading.truth(node, "follow") { configuration.follow = truth }
        },
        Setting("mouse", "yes or no", "yes") { configuration, node, reading in
            if let truth = reading.truth(node, "mouse") { configuration.mouse = truth }
        },
    ]

    private static let told: [Setting] = [
        Setting("bell", "no, problem or event", "no") { configuration, node, reading in
            if let bell = reading.choice(node, "bell", of: Configuration.Bell.self) { configuration.bell = bell }
        },
        Setting("on-problem", "a list: a program and its arguments", "nothing") { configuration, node, reading in
            let form = "a list of a program and its arguments, such as [notify-send, a problem]; no shell reads it"
            guard let items = reading.items(node, "on-problem", expected: form) else { return }
            guard !items.isEmpty else { return reading.refuse(node, "on-problem", expected: form) }
            let words = items.enumerated().compactMap { index, item -> String? in
                // An argument may be empty; a program is not.
                if case .scalar("", isPlain: false) = item.content, index > 0 { return "" }
                return reading.text(item, "on-problem", expected: form)?.value
            }
            if words.count == items.count { configuration.onProblem = words }
        },
        Setting("quiet-after", "no, or a time such as 30m", "no") { configuration, node, reading in
            if let time = reading.duration(node, "quiet-after") { configuration.quietAfter = time }
        },
    ]

    private static let received: [Setting] = [
        Setting("listen", "HOST:PORT", "127.0.0.1:8080") { configuration, node, reading in
            configuration.listen = reading.text(node, "listen", expected: "HOST:PORT, such as 127.0.0.1:8080")
        },
        Setting("path", "a path that begins with /, or a list", "/") { configuration, node, reading in
            let form = "a path that begins with /, such as /hook, or a list of them"
            configuration.paths = (reading.items(node, "path", expected: form, orOne: true) ?? [])
                .compactMap { reading.text($0, "path", expected: form) }
        },
        Setting("tls-certificate", "a file", "plain HTTP") { configuration, node, reading in
            configuration.tlsCertificate = reading.file(node, "tls-certificate")
        },
        Setting("tls-key", "a file", "none") { configuration, node, reading in
            configuration.tlsKey = reading.file(node, "tls-key")
        },
        Setting("trust-proxy", "an address or a block, or a list", "none") { configuration, node, reading in
            let form = "an address or a block, such as 127.0.0.1 or 10.0.0.0/8, or a list of them"
            configuration.trustProxy = (reading.items(node, "trust-proxy", expected: form, orOne: true) ?? [])
                .compactMap { reading.text($0, "trust-proxy", expected: form) }
        },
        Setting("proxy-header", "x-forwarded-for, forwarded or proxy-protocol", "x-forwarded-for") {
            configuration, node, reading in
            configuration.proxyHeader = reading.text(
                node, "proxy-header", expected: "x-forwarded-for, forwarded or proxy-protocol")
        },
        Setting("allow-from", "an address, a block or a file, or a list", "all") { configuration, node, reading in
            configuration.allowFrom = reading.addresses(node, "allow-from")
        },
        Setting("health-from", "an address, a block or a file, or a list", "all") { configuration, node, reading in
            configuration.healthFrom = reading.addresses(node, "health-from")
        },
        Setting("keep", "a number, an age or a size, or a list", "all") { configuration, node, reading in
            let form = "a number of deliveries, an age or a size, such as 100000, 90d or 20GiB, or a list of them"
            configuration.keep = (reading.items(node, "keep", expected: form, orOne: true) ?? [])
                .compactMap { reading.text($0, "keep", expected: form) }
        },
        Setting("free-space", "a number of bytes", "256MiB") { configuration, node, reading in
            configuration.freeSpace = reading.text(
                node, "free-space", expected: "a number of bytes, such as 512MiB; 0 for no limit")
        },
        Setting("max-body", "a number of bytes", "1MiB") { configuration, node, reading in
            configuration.maxBody = reading.text(node, "max-body", expected: "a number of bytes, such as 512KiB")
        },
        Setting("ca-file", "a file", "none") { configuration, node, reading in
            configuration.caFile = reading.file(node, "ca-file")
        },
        Setting("secret-files", "a list of files", "none") { configuration, node, reading in
            let form = "a list of files, each as FILE, LABEL=FILE or LABEL@BINDING=FILE"
            for item in reading.items(node, "secret-files", expected: form, orOne: true) ?? [] {
                guard let text = reading.text(item, "secret-files", expected: form) else { continue }
                do throws(SecretSourceError) {
                    let file = try SecretFile(argument: text.value).below(home: reading.home)
                    configuration.secretFiles.append(Located(file, at: text.position))
                } catch {
                    reading.problems.append(ConfigurationProblem("“secret-files” \(error.problem)", at: text.position))
                }
            }
        },
    ]

    private static let tables: [Setting] = [
        Setting("limits", "a map from limits to their values", "see below") { configuration, node, reading in
            let form = "a map from limits to their values, such as connections: 512"
            configuration.limits = (reading.entries(node, "limits", expected: form) ?? []).compactMap { entry in
                reading.text(entry.value, entry.key.value, expected: "a number, a number of bytes or a time").map {
                    Configuration.LimitSetting(name: entry.key, value: $0)
                }
            }
        },
        Setting("keys", "a map from commands to keys", "none") { configuration, node, reading in
            configuration.keys = reading.keys(node)
        },
        Setting("colours", "a map from roles to colours", "the theme's") { configuration, node, reading in
            configuration.colours = reading.colours(node)
        },
        Setting("reconcile", "a map from buckets to their settings", "none") { configuration, node, reading in
            configuration.reconcile = reading.reconcile(node)
        },
        // The process that runs them reads them.
        Setting("actions", "a map from names to their settings", "none") { configuration, node, _ in
            configuration.actions = node
        },
    ]

    private init(
        _ name: String, _ form: String, _ fallback: String,
        read: @escaping @Sendable (inout Configuration, ConfigurationNode, inout ConfigurationReading) -> Void
    ) {
        self.name = name
        self.form = form
        self.fallback = fallback
        self.read = read
    }
}

extension SecretFile {
    /// Returns the same file with an absolute path: `~/` is the user's home folder.
    fileprivate func below(home: String?) throws(SecretSourceError) -> SecretFile {
        if path.hasPrefix("/") { return self }
        guard path.hasPrefix("~/"), let home else {
            throw SecretSourceError(
                source: .argument, problem: "has “\(path)”: write a path that begins with / or ~/")
        }
        return SecretFile(label: label, binding: binding, path: home + path.dropFirst())
    }
}

// MARK: - Suggestions

/// A guess at the name that a person meant by a name that does not exist.
public enum Suggestion {
    /// Returns the nearest name, if it is near: with at most a third of its letters mistyped.
    public static func nearest(to name: String, among names: some Sequence<String>) -> String? {
        best(for: name, among: names).flatMap { $0.distance <= max(1, $0.name.count / 3) ? $0.name : nil }
    }

    /// Returns the nearest name, whatever its distance; nil for a name that is too long to be a typing error.
    public static func closest(to name: String, among names: some Sequence<String>) -> String? {
        best(for: name, among: names)?.name
    }

    private static func best(
        for name: String, among names: some Sequence<String>
    ) -> (name: String, distance: Int)? {
        // A word of this length is not a typing error, and the search would take the square of its length.
        guard name.utf8.count <= 64 else { return nil }
        let wanted = Array(name.lowercased())
        return names.map { (name: $0, distance: distance(wanted, Array($0.lowercased()))) }
            .min { $0.distance < $1.distance }
    }

    /// Returns `; did you mean …?`, or nothing.
    public static func question(for name: String, among names: some Sequence<String>) -> String {
        nearest(to: name, among: names).map { "; did you mean \($0)?" } ?? ""
    }

    /// Returns the number of letters to change, add, leave out or swap with the next.
    private static func distance(_ one: [Character], _ other: [Character]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...other.count)
        for (row, letter) in one.enumerated() {
            var current = [row + 1]
            for (column, otherLetter) in other.enumerated() {
                var cost = min(
                    last[column + 1] + 1, current[column] + 1, last[column] + (letter == otherLetter ? 0 : 1))
                if row > 0, column > 0, letter == other[column - 1], one[row - 1] == otherLetter {
                    cost = min(cost, beforeLast[column - 1] + 1)
                }
                current.append(cost)
            }
            beforeLast = last
            last = current
        }
        return last[other.count]
    }
}
