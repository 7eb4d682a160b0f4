internal import Terminal

/// One key of the top level of the configuration.
struct Setting: Sendable {
    /// The key.
    let name: String
    /// What it may be set to.
    let form: String
    /// What holds without it.
    let fallback: String
    /// Reads it into the configuration.
    let read: @Sendable (inout Configuration, ConfigurationNode, inout ConfigurationReading) -> Void

    /// All there are, in the order of `docs/configuration.md`.
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
        Setting("path", "a path that begins with /", "/") { configuration, node, reading in
            configuration.path = reading.text(node, "path", expected: "a path that begins with /, such as /hook")
        },
        Setting("max-body", "a number of bytes", "1MiB") { configuration, node, reading in
            configuration.maxBody = reading.text(node, "max-body", expected: "a number of bytes, such as 512KiB")
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
        Setting("keys", "a map from commands to keys", "none") { configuration, node, reading in
            configuration.keys = reading.keys(node)
        },
        Setting("colours", "a map from roles to colours", "the theme's") { configuration, node, reading in
            configuration.colours = reading.colours(node)
        },
        // Read by whoever runs them.
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
    /// The same file with an absolute path: `~/` is the user's home.
    fileprivate func below(home: String?) throws(SecretSourceError) -> SecretFile {
        if path.hasPrefix("/") { return self }
        guard path.hasPrefix("~/"), let home else {
            throw SecretSourceError(
                source: .argument, problem: "has “\(path)”: write a path that begins with / or ~/")
        }
        return SecretFile(label: label, binding: binding, path: home + path.dropFirst())
    }
}
