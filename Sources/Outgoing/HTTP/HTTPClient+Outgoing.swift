internal import AsyncHTTPClient
internal import NIOCore

extension HTTPClient.Configuration {
    /// How b2watch sends: it follows no redirect, adds nothing to a request, and takes answers as they come.
    ///
    /// - Parameter limit: How long a connection may take to come about.
    static func outgoing(connecting limit: TimeAmount) -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(connect: limit),
            decompression: .disabled)
        configuration.httpVersion = .http1Only
        // A port where nothing listens is told at once, not tried until the time is up.
        configuration.connectionPool.retryConnectionEstablishment = false
        return configuration
    }
}
