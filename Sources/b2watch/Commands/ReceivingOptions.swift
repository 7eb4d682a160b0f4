import ArgumentParser
import Settings

/// What every command that receives takes.
struct ReceivingOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The address to listen on: HOST:PORT, an IPv6 host in brackets; port 0 takes a free one. (default:"
                + " \(ReceivingPlan.defaultListen))",
            valueName: "host:port"))
    var listen: String?

    @Option(help: "The path that takes notifications, with all below it; / takes every path. (default: /)")
    var path: String?

    @Option(
        name: .customLong("max-body"),
        help: ArgumentHelp(
            "The longest body that is taken, such as 65536, 512KiB or 2MiB. (default: \(ReceivingPlan.defaultBody))",
            valueName: "bytes"))
    var maxBody: String?

    @Option(
        name: .customLong("secret-file"), parsing: .singleValue,
        help: ArgumentHelp(
            "A file that holds a signing secret; may be given several times.",
            discussion: """
                With a label: LABEL=FILE. Bound to a bucket or a rule: LABEL@bucket:NAME=FILE, LABEL@rule:NAME=FILE. \
                A secret is also taken from the environment variable \(SecretSources.variable), from systemd's \
                credentials folder, and from the screen; never from an argument's value.
                """, valueName: "file"))
    var secretFiles: [String] = []

    @Option(
        help: ArgumentHelp(
            "The file that records every delivery.",
            discussion: "By default $XDG_STATE_HOME/b2watch/history.sqlite, or ~/.local/state/b2watch/history.sqlite.",
            valueName: "file"))
    var history: String?

    @Flag(name: .customLong("in-memory"), help: "Keep the record in memory only; it ends with the process.")
    var inMemory = false

    func validate() throws {
        if let problem = listen.flatMap(ReceivingPlan.problem(ofAddress:)) {
            throw ValidationError("--listen: \(problem)")
        }
        if let problem = maxBody.flatMap(ReceivingPlan.problem(ofBodyLimit:)) {
            throw ValidationError("--max-body \(problem)")
        }
        if inMemory, history != nil {
            throw ValidationError("--history and --in-memory exclude each other: give one of them")
        }
        if history?.isEmpty == true { throw ValidationError("--history wants a file's path") }
        if let problem = path.flatMap(ReceivingPlan.problem(ofPath:)) { throw ValidationError("--path \(problem)") }
        if secretFiles.contains("") { throw ValidationError("--secret-file wants a file's path") }
    }
}
