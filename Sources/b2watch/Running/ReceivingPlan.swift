import Actions
import History
import Listener
import Settings

/// How is received: what the options say, then what the configuration says, then the defaults.
struct ReceivingPlan {
    static let defaultListen = "127.0.0.1:8080"
    static let defaultBody = "1MiB"

    let address: ListenAddress
    /// The part of the path at which notifications are taken.
    let path: String
    /// The longest body, in bytes.
    let bodyLimit: Int
    let secretFiles: [SecretFile]
    let place: History.Place
    let actions: [ActionDeclaration]

    /// - Parameter configured: Something in which nothing is wrong.
    /// - Throws: `PlacesError` where there is no place for the history; `SecretSourceError` where an argument names no
    ///   file of a secret.
    init(_ options: ReceivingOptions, _ configured: Configured) throws {
        let configuration = configured.configuration
        address = try ListenAddress(options.listen ?? configuration.listen?.value ?? Self.defaultListen)
        path = options.path ?? configuration.path?.value ?? "/"
        let body = ByteCount(options.maxBody ?? configuration.maxBody?.value ?? Self.defaultBody)
        bodyLimit = body?.bytes ?? ByteCount.usual
        secretFiles =
            options.secretFiles.isEmpty
            ? configuration.secretFiles.map(Self.named) : try options.secretFiles.map(SecretFile.init(argument:))
        actions = configured.actions
        place = options.inMemory ? .memory : .file(try options.history ?? ProcessEnvironment.places.history)
    }

    /// A file that the configuration names: what is wrong with it is reported with the line it is named in.
    private static func named(_ file: Located<SecretFile>) -> SecretFile {
        var named = file.value
        let (line, column) = (file.position.line, file.position.column)
        named.origin = (try? ProcessEnvironment.places.settings).map { "\($0):\(line):\(column)" }
        return named
    }

    /// What is wrong in a configuration that only the listener can know.
    static func problems(in configuration: Configuration) -> [ConfigurationProblem] {
        func problem(
            _ name: String, _ value: Located<String>?, _ find: (String) -> String?
        ) -> ConfigurationProblem? {
            guard let value, let text = find(value.value) else { return nil }
            return ConfigurationProblem("“\(name)”: \(text)", at: value.position)
        }
        return [
            problem("listen", configuration.listen, problem(ofAddress:)),
            problem("path", configuration.path, problem(ofPath:)),
            problem("max-body", configuration.maxBody, problem(ofBodyLimit:)),
        ].compactMap(\.self)
    }

    static func problem(ofAddress text: String) -> String? {
        do throws(ListenAddressError) {
            _ = try ListenAddress(text)
            return nil
        } catch {
            return "\(error)"
        }
    }

    static func problem(ofPath path: String) -> String? {
        if !path.hasPrefix("/") { return "\(path) does not begin with /: write /\(path)" }
        if path.contains(where: { $0 == "?" || $0 == "#" || $0.isWhitespace }) {
            return "\(path) holds more than a path: leave out white space, ? and #"
        }
        return nil
    }

    static func problem(ofBodyLimit text: String) -> String? {
        guard ByteCount(text) == nil else { return nil }
        return "\(text): write a number of bytes up to 64MiB, such as 65536, 512KiB or 2MiB"
    }
}
