import Base
import ArgumentParser
import Foundation
import Receiving
import Notifications
import Settings

/// The options for the allowed callers, and for the proxies that name their clients.
struct CallerOptions: ParsableArguments {
    @Option(
        name: .customLong("tls-certificate"),
        help: ArgumentHelp(
            "The certificate for HTTPS, in PEM, and behind it those of the authorities in between; with --tls-key."
                + " (default: plain HTTP)",
            discussion: "Renewed files are used by the next connection; nothing has to be started again.",
            valueName: "file"))
    var tlsCertificate: String?

    @Option(
        name: .customLong("tls-key"),
        help: ArgumentHelp(
            "The private key of --tls-certificate, in PEM, which other users must not be able to read.",
            valueName: "file"))
    var tlsKey: String?

    @Option(
        name: .customLong("trust-proxy"), parsing: .singleValue,
        help: ArgumentHelp(
            "An address or a block of proxies that name their client; may be given several times. (default: none)",
            discussion: "Such as 127.0.0.1 for a proxy or a tunnel on this machine.", valueName: "cidr"))
    var trustProxy: [String] = []

    @Option(
        name: .customLong("proxy-header"),
        help: ArgumentHelp(
            "How they name it: x-forwarded-for, forwarded or proxy-protocol; only that is read. (default:"
                + " x-forwarded-for)",
            valueName: "header"))
    var proxyHeader: String?

    @Option(
        name: .customLong("allow-from"), parsing: .singleValue,
        help: ArgumentHelp(
            "An address or a block from which requests are taken, or a file with one on each line; may be given several"
                + " times. (default: all)",
            discussion: "Requests from elsewhere are answered 403; they are counted in the log, and not recorded.",
            valueName: "cidr-or-file"))
    var allowFrom: [String] = []

    @Option(
        name: .customLong("health-from"), parsing: .singleValue,
        help: ArgumentHelp(
            "An address or a block, or a file with one on each line, for whose clients GET /healthz is answered; may be"
                + " given several times. (default: all)",
            discussion: "Others get 403.", valueName: "cidr-or-file"))
    var healthFrom: [String] = []

    func validate() throws {
        if (tlsCertificate == nil) != (tlsKey == nil) {
            throw ValidationError("--tls-certificate and --tls-key go together: give both")
        }
        for text in trustProxy {
            if let problem = CallerPlan.problem(ofProxy: text) { throw ValidationError("--trust-proxy \(problem)") }
        }
        if let problem = proxyHeader.flatMap(CallerPlan.problem(ofHeader:)) {
            throw ValidationError("--proxy-header \(problem)")
        }
        for text in allowFrom {
            if let problem = CallerPlan.problem(ofCallers: text) { throw ValidationError("--allow-from \(problem)") }
        }
        for text in healthFrom {
            if let problem = CallerPlan.problem(ofCallers: text) { throw ValidationError("--health-from \(problem)") }
        }
    }
}

/// The settings about callers: from the options, then the configuration.
struct CallerPlan: Sendable {
    /// The certificate; nil for plain HTTP.
    var tls: TLSFiles?
    var proxies: ProxyTrust?
    /// The addresses from which requests are accepted; nil for all.
    var allowed: AddressList?
    /// The addresses that may ask for the health; nil for all.
    var health: AddressList?

    /// - Throws: `AllowListProblem` if a list cannot be read.
    init(_ options: CallerOptions, _ configuration: Configuration) throws {
        let certificate = options.tlsCertificate ?? configuration.tlsCertificate?.value
        let key = options.tlsKey ?? configuration.tlsKey?.value
        if let certificate, let key { tls = TLSFiles(certificate: certificate, key: key) }
        let trusted = options.trustProxy.isEmpty ? configuration.trustProxy.map(\.value) : options.trustProxy
        let header = (options.proxyHeader ?? configuration.proxyHeader?.value).flatMap(ProxyHeader.init(rawValue:))
        if trusted.isEmpty, header != nil {
            throw AllowListProblem("--proxy-header names no proxy: add --trust-proxy CIDR")
        }
        if !trusted.isEmpty {
            proxies = ProxyTrust(
                proxies: AddressList(trusted.compactMap { IPNetwork($0) }), header: header ?? .xForwardedFor)
        }
        allowed = try Self.list(
            options.allowFrom.isEmpty ? configuration.allowFrom.map(\.value) : options.allowFrom, "--allow-from")
        health = try Self.list(
            options.healthFrom.isEmpty ? configuration.healthFrom.map(\.value) : options.healthFrom, "--health-from")
    }

    /// Returns the addresses that some texts name; nil for no text.
    private static func list(_ texts: [String], _ option: String) throws(AllowListProblem) -> AddressList? {
        guard !texts.isEmpty else { return nil }
        var list = AddressList()
        for text in texts { list.networks += try networks(text, option) }
        guard list.networks.count <= AddressList.most else {
            throw AllowListProblem("\(option) names more than \(AddressList.most) blocks")
        }
        return list
    }

    private static func networks(_ text: String, _ option: String) throws(AllowListProblem) -> [IPNetwork] {
        if let network = IPNetwork(text) { return [network] }
        guard let data = FileManager.default.contents(atPath: text), data.count <= 1 << 20 else {
            throw AllowListProblem(
                "\(option) \(text): this is neither a block, such as 192.0.2.0/24, nor a readable file")
        }
        let list: AddressList
        do throws(AddressListError) {
            list = try AddressList(parsing: String(decoding: data, as: UTF8.self))
        } catch {
            throw AllowListProblem("\(option): \(text) \(error)")
        }
        guard !list.networks.isEmpty else {
            throw AllowListProblem("\(option): \(text) names no address, so nobody could call")
        }
        return list.networks
    }

    /// Returns notes for the user about these settings at the start.
    func notes(at address: ListenAddress) -> [String] {
        var notes: [String] = []
        if let proxies, proxies.proxies.networks.contains(where: { $0.bits == 0 }) {
            notes.append("--trust-proxy trusts everybody to name the client: name the addresses of your proxies")
        }
        if allowed != nil, address.isLoopback, proxies == nil {
            notes.append(
                "--allow-from on \(address): all requests there come from this machine; if a proxy or a"
                    + " tunnel passes requests on,"
                    + " name it, as with --trust-proxy 127.0.0.1")
        }
        return notes
    }

    // MARK: Problems

    /// Returns the problems of a configuration.
    static func problems(in configuration: Configuration) -> [ConfigurationProblem] {
        var problems = configuration.trustProxy.compactMap {
            ConfigurationProblem("trust-proxy", $0, problem(ofProxy:))
        }
        problems += configuration.allowFrom.compactMap { ConfigurationProblem("allow-from", $0, problem(ofCallers:)) }
        problems += configuration.healthFrom.compactMap { ConfigurationProblem("health-from", $0, problem(ofCallers:)) }
        if let found = ConfigurationProblem("proxy-header", configuration.proxyHeader, problem(ofHeader:)) {
            problems.append(found)
        }
        if (configuration.tlsCertificate == nil) != (configuration.tlsKey == nil) {
            problems.append(
                ConfigurationProblem(
                    "“tls-certificate” and “tls-key” go together: write both",
                    at: (configuration.tlsCertificate ?? configuration.tlsKey)?.position))
        }
        return problems
    }

    static func problem(ofProxy text: String) -> String? {
        IPNetwork(text) == nil
            ? "\(text): write an address or a block of addresses, such as 127.0.0.1, 10.0.0.0/8 or fd00::/8" : nil
    }

    static func problem(ofHeader text: String) -> String? {
        guard ProxyHeader(rawValue: text) == nil else { return nil }
        let forms = ProxyHeader.allCases.map(\.rawValue).joined(separator: ", ")
        return
            "\(text): write one of \(forms)\(Suggestion.question(for: text, among: ProxyHeader.allCases.map(\.rawValue)))"
    }

    static func problem(ofCallers text: String) -> String? {
        guard IPNetwork(text) == nil, !FileManager.default.isReadableFile(atPath: text) else { return nil }
        return "\(text): this is neither an address or block, such as 192.0.2.0/24, nor a readable file"
    }
}

/// The reason why the callers' addresses cannot be read.
struct AllowListProblem: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
