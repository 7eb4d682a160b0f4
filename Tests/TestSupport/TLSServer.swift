import CCurl
import Foundation
import Synchronization

/// A server that speaks TLS with any certificate, also one that nobody should accept. It answers each request with 200.
package final class TLSServer: @unchecked Sendable {
    // `context` and `socket` do not change; libssl allows a context on several threads.
    private let context: OpaquePointer
    private let socket: Int32
    private let heads = Mutex<[String]>([])
    package let port: Int

    /// - Parameters:
    ///   - chain: The certificates in PEM, the server's own first.
    ///   - key: The private key in PEM.
    package init(_ chain: String, key: String, in folder: TemporaryFolder) throws {
        guard let context = SSL_CTX_new(TLS_server_method()) else { throw TLSClient.Failure(description: "no context") }
        self.context = context
        let name = UUID().uuidString
        let (chain, key) = (try folder.write("\(name).pem", chain), try folder.write("\(name).key", key))
        guard SSL_CTX_use_certificate_chain_file(context, chain) == 1,
            SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1
        else { throw TLSClient.Failure(description: "the certificate cannot be used") }
        let (socket, port) = try Loopback.listening()
        self.socket = socket
        self.port = port
        Thread.detachNewThread { [self] in
            var signals = sigset_t()
            sigemptyset(&signals)
            sigaddset(&signals, SIGPIPE)
            pthread_sigmask(SIG_BLOCK, &signals, nil)
            while case let connection = accept(socket, nil, nil), connection >= 0 { serve(connection) }
            close(socket)
        }
    }

    /// The heads of the requests.
    package var requests: [String] { heads.withLock { $0 } }

    /// Ends it.
    package func stop() {
        shutdown(socket, Int32(SHUT_RDWR))
    }

    private func serve(_ connection: Int32) {
        defer { close(connection) }
        var patience = timeval(tv_sec: Int(Duration.patience.components.seconds), tv_usec: 0)
        setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        guard let ssl = SSL_new(context) else { return }
        defer { SSL_free(ssl) }
        SSL_set_fd(ssl, connection)
        guard SSL_accept(ssl) == 1 else {
            ERR_clear_error()
            return
        }
        var head = ""
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while !head.contains("\r\n\r\n") {
            let count = SSL_read(ssl, &buffer, Int32(buffer.count))
            guard count > 0 else { return }
            head += String(decoding: buffer.prefix(Int(count)), as: UTF8.self)
        }
        heads.withLock { $0.append(head) }
        let answer = Array("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK".utf8)
        SSL_write(ssl, answer, Int32(answer.count))
        SSL_shutdown(ssl)
    }
}
