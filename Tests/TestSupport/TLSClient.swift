import CCurl
import Foundation

/// A client that speaks TLS over a socket of its own. Its calls block.
package final class TLSClient: @unchecked Sendable {
    // Only the thread of its test uses it.
    private let context: OpaquePointer
    private let ssl: OpaquePointer
    private let socket: Int32

    /// The reason why there is no connection.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// The versions of TLS.
    package enum Version: Int {
        case tls11 = 0x302
        case tls12 = 0x303
        case tls13 = 0x304
    }

    /// Connects.
    ///
    /// - Parameters:
    ///   - authority: The PEM of the authority that is trusted; nil to accept any certificate.
    ///   - version: The only version that is offered; nil for the usual ones.
    ///   - protocols: The protocols that are offered by ALPN.
    ///   - preamble: What is sent before TLS.
    ///   - source: The address of this machine to connect from.
    package init(
        host: String = "127.0.0.1", port: Int, trusting authority: String? = nil, version: Version? = nil,
        protocols: [String] = [], after preamble: [UInt8] = [], from source: String? = nil
    ) throws {
        guard let context = SSL_CTX_new(TLS_client_method()) else { throw Failure(description: "no context") }
        self.context = context
        if let authority {
            guard SSL_CTX_load_verify_locations(context, authority, nil) == 1 else {
                throw Failure(description: "no authority in \(authority)")
            }
            SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        }
        if let version {
            // The macros SSL_CTX_set_min_proto_version and SSL_CTX_set_max_proto_version.
            SSL_CTX_ctrl(context, 123, version.rawValue, nil)
            SSL_CTX_ctrl(context, 124, version.rawValue, nil)
            if version == .tls11 { SSL_CTX_set_security_level(context, 0) }
        }
        let offered = protocols.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
        if !offered.isEmpty { SSL_CTX_set_alpn_protos(context, offered, UInt32(offered.count)) }
        guard let ssl = SSL_new(context) else { throw Failure(description: "no connection") }
        self.ssl = ssl
        socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var patience = timeval(tv_sec: Int(Duration.patience.components.seconds), tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        if let source {
            inet_pton(AF_INET, source, &address.sin_addr)
            _ = withUnsafePointer(to: &address) { address in
                address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        }
        address.sin_port = in_port_t(port).bigEndian
        inet_pton(AF_INET, host, &address.sin_addr)
        let connected = withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw Failure(description: "connect: errno \(errno)") }
        if !preamble.isEmpty { _ = Foundation.send(socket, preamble, preamble.count, Int32(MSG_NOSIGNAL)) }
        Blocking.check()
        SSL_set_fd(ssl, socket)
        guard SSL_connect(ssl) == 1 else { throw Failure(description: Self.problem()) }
    }

    deinit {
        SSL_free(ssl)
        SSL_CTX_free(context)
        close(socket)
    }

    /// The version that was agreed on, such as `TLSv1.3`.
    package var version: String { String(cString: SSL_get_version(ssl)) }

    /// The protocol that was agreed on by ALPN; nil for none.
    package var agreedProtocol: String? {
        var bytes: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        SSL_get0_alpn_selected(ssl, &bytes, &count)
        return count == 0 ? nil : String(decoding: UnsafeBufferPointer(start: bytes, count: Int(count)), as: UTF8.self)
    }

    /// The certificate of the server, in DER.
    package var certificate: [UInt8] {
        guard let x509 = SSL_get1_peer_certificate(ssl) else { return [] }
        defer { X509_free(x509) }
        var bytes = [UInt8](repeating: 0, count: Int(i2d_X509(x509, nil)))
        bytes.withUnsafeMutableBufferPointer { buffer in
            var place: UnsafeMutablePointer<UInt8>? = buffer.baseAddress
            i2d_X509(x509, &place)
        }
        return bytes
    }

    /// Sends a text.
    package func send(_ text: String) throws {
        let bytes = Array(text.utf8)
        guard SSL_write(ssl, bytes, Int32(bytes.count)) == Int32(bytes.count) else {
            throw Failure(description: Self.problem())
        }
    }

    /// Announces that nothing more is sent.
    package func endSending() {
        SSL_shutdown(ssl)
    }

    /// Reads until a text has arrived, or the peer has ended.
    package func text(until end: String? = nil) -> String {
        Blocking.check()
        var all = ""
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while end.map({ !all.contains($0) }) ?? true {
            let count = SSL_read(ssl, &buffer, Int32(buffer.count))
            guard count > 0 else { break }
            all += String(decoding: buffer.prefix(Int(count)), as: UTF8.self)
        }
        return all
    }

    private static func problem() -> String {
        let code = ERR_get_error()
        var text = [CChar](repeating: 0, count: 256)
        ERR_error_string_n(code, &text, text.count)
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
