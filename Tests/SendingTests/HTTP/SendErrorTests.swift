import CCurl
import Foundation
import Testing

@testable import Sending

@Suite("The description of a failure")
struct SendErrorTests {
    private func outcome(
        _ code: CURLcode, errno: Int32 = 0, verification: Int = 0, proxyStatus: Int = 0,
        proxyReply: CURLproxycode = CURLPX_OK, text: String = ""
    ) -> CurlOutcome {
        var outcome = CurlOutcome(code, errno: errno)
        outcome.verification = verification
        outcome.proxyStatus = proxyStatus
        outcome.proxyReply = Int(proxyReply.rawValue)
        outcome.text = text
        return outcome
    }

    private let url = (try? WebhookURL("https://a.test/s3cret"))!

    private func error(_ outcome: CurlOutcome, hasSent: Bool = false) -> SendError {
        SendError(TransferFailure(.curl(outcome), hasSent: hasSent), to: url)
    }

    @Test("names the problem of a connection")
    func connection() {
        #expect(error(outcome(CURLE_COULDNT_CONNECT, errno: ECONNREFUSED)) == .refused(url))
        #expect(error(outcome(CURLE_COULDNT_CONNECT, errno: ETIMEDOUT)) == .timedOut(url))
        #expect(error(outcome(CURLE_COULDNT_CONNECT, errno: ENETUNREACH)) == .failed(url, "Network is unreachable"))
        #expect(error(outcome(CURLE_COULDNT_CONNECT, errno: EMFILE)) == .failed(url, "Too many open files"))
        #expect(error(outcome(CURLE_COULDNT_RESOLVE_HOST)) == .nameNotFound(url))
        #expect(error(outcome(CURLE_OPERATION_TIMEDOUT)) == .timedOut(url))
        for code in [CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE, CURLE_RECV_ERROR, CURLE_SEND_ERROR] {
            #expect(error(outcome(code, errno: ECONNRESET), hasSent: true) == .closed(url))
        }
        #expect(SendError(TransferFailure(.cancelled, hasSent: true), to: url) == .cancelled)
    }

    @Test(
        "names the problem of a certificate",
        arguments: [
            (9, TLSProblem.notYetValid), (10, .expired), (18, .selfSigned), (19, .unknownAuthority("An authority")),
            (20, .unknownAuthority("An authority")), (21, .unknownAuthority("An authority")), (23, .revoked),
            (62, .otherName("b.test, c.test")), (64, .otherName("b.test, c.test")),
        ])
    func certificate(_ verification: Int, _ problem: TLSProblem) {
        var outcome = outcome(
            CURLE_PEER_FAILED_VERIFICATION, verification: verification,
            text: "SSL certificate problem: in OpenSSL's words")
        outcome.names = "b.test, c.test"
        outcome.issuer = "An authority"
        let error = error(outcome)
        #expect(error == .insecure(url, problem))
        #expect(error.description == "no secure connection to a.test: \(problem)")
    }

    @Test("names the problem of a TLS handshake")
    func handshake() {
        func problem(_ code: CURLcode, _ text: String, errno: Int32 = 0) -> TLSProblem? {
            let outcome = outcome(code, errno: errno, verification: 1, text: text)
            if case .insecure(url, let problem) = error(outcome) { return problem }
            return nil
        }
        #expect(problem(CURLE_SSL_CONNECT_ERROR, "error:0A00010B:SSL routines::wrong version number") == .notTLS)
        #expect(problem(CURLE_SSL_CONNECT_ERROR, "Recv failure: Connection reset by peer") == .closed)
        #expect(problem(CURLE_SSL_CONNECT_ERROR, "OpenSSL SSL_connect: SSL_ERROR_SYSCALL in connection") == .closed)
        #expect(
            problem(
                CURLE_PEER_FAILED_VERIFICATION,
                "SSL: no alternative certificate subject name matches target host name 'a.test'") == .otherName(""))
        #expect(problem(CURLE_SSL_CACERT_BADFILE, "error setting certificate file: /etc/x") == .noAuthorities)
        #expect(
            problem(CURLE_SSL_CONNECT_ERROR, "error:0A000438:SSL routines::tlsv1 alert internal error, errno 0")
                == .other("the TLS handshake failed (tlsv1 alert internal error)"))
        // In TLS 1.3 the server reports it after the handshake.
        #expect(
            problem(CURLE_RECV_ERROR, "OpenSSL SSL_read: error:1:SSL routines::tlsv13 alert certificate required")
                == .other("it asks for a client certificate, which b2watch does not send"))
        #expect(
            error(outcome(CURLE_SSL_CONNECT_ERROR, text: "http request")).description.contains("begins with http://"))
    }

    @Test("contains nothing of libcurl's words that could control a terminal")
    func words() {
        #expect(error(outcome(CURLE_FAILED_INIT, text: "a\u{1B}[2Jb\r\nc")) == .failed(url, "a[2Jbc"))
        #expect(error(outcome(CURLE_OUT_OF_MEMORY)) == .failed(url, "Out of memory"))
    }

    @Test("distinguishes requests that were never sent from those that may have been received")
    func sent() {
        func failure(_ cause: TransferFailure.Cause, _ hasSent: Bool) -> OutgoingFailure {
            OutgoingFailure(TransferFailure(cause, hasSent: hasSent), to: url, by: nil)
        }
        let timeOut = TransferFailure.Cause.curl(outcome(CURLE_OPERATION_TIMEDOUT))
        #expect(failure(timeOut, false) == .notSent(SendError.timedOut(url).description))
        #expect(failure(timeOut, true) == .lost("no answer from a.test in time"))
        #expect(failure(.cancelled, false) == .cancelled)
        #expect(failure(.cancelled, true) == .lost("b2watch ended before a.test answered"))
        #expect(failure(.refused(.forbidden("no")), false) == .forbidden("no"))
    }

    @Test("names the proxy if the proxy failed")
    func proxy() throws {
        let (http, socks) = (try ProxyServer("p.test:3", from: ""), try ProxyServer("socks5://p.test:3", from: ""))
        func text(_ outcome: CurlOutcome, _ proxy: ProxyServer) -> String {
            "\(OutgoingFailure(TransferFailure(.curl(outcome)), to: url, by: proxy))"
        }
        #expect(
            text(outcome(CURLE_COULDNT_RESOLVE_PROXY), http) == "the name of p.test:3 was not found, which is the proxy"
        )
        #expect(text(outcome(CURLE_OPERATION_TIMEDOUT), http) == "no answer from the proxy p.test:3 in time")
        #expect(
            text(outcome(CURLE_OPERATION_TIMEDOUT, proxyStatus: 200), http)
                == "no answer from a.test in time, by the proxy p.test:3")
        #expect(
            text(outcome(CURLE_PROXY, proxyReply: CURLPX_REPLY_CONNECTION_REFUSED), socks)
                == "the proxy p.test:3 answered that nothing listens at a.test")
        #expect(
            text(outcome(CURLE_PROXY, proxyReply: CURLPX_BAD_VERSION), socks)
                == "the proxy p.test:3 is not a SOCKS5 proxy")
    }
}
