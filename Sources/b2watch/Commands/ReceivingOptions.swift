import ArgumentParser
import Foundation
import History
import Listener
import Settings

/// What every command that receives takes.
struct ReceivingOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The address to listen on: HOST:PORT, an IPv6 host in brackets; port 0 takes a free one.",
            valueName: "host:port"))
    var listen = "127.0.0.1:8080"

    @Option(help: "The path that takes notifications, with all below it; / takes every path.")
    var path = "/"

    @Option(
        name: .customLong("max-body"),
        help: ArgumentHelp("The longest body that is taken, such as 65536, 512KiB or 2MiB.", valueName: "bytes"))
    var maxBody = "1MiB"

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
        _ = try address
        _ = try bodyLimit
        if inMemory, history != nil {
            throw ValidationError("--history and --in-memory exclude each other: give one of them")
        }
        if history?.isEmpty == true { throw ValidationError("--history wants a file's path") }
        if !path.hasPrefix("/") { throw ValidationError("--path \(path) does not begin with /: write /\(path)") }
        if path.contains(where: { $0 == "?" || $0 == "#" || $0.isWhitespace }) {
            throw ValidationError("--path \(path) holds more than a path: leave out white space, ? and #")
        }
        if secretFiles.contains("") { throw ValidationError("--secret-file wants a file's path") }
    }

    /// Where to listen.
    var address: ListenAddress {
        get throws {
            do throws(ListenAddressError) {
                return try ListenAddress(listen)
            } catch {
                throw ValidationError("--listen: \(error)")
            }
        }
    }

    /// The longest body, in bytes.
    var bodyLimit: Int {
        get throws {
            guard let count = ByteCount(maxBody) else {
                throw ValidationError(
                    "--max-body \(maxBody): write a number of bytes up to 64MiB, such as 65536, 512KiB or 2MiB")
            }
            return count.bytes
        }
    }

    /// - Throws: `PlacesError` where no place is told.
    func place(_ places: Places) throws -> History.Place {
        if inMemory { return .memory }
        return .file(try history ?? places.history)
    }
}
