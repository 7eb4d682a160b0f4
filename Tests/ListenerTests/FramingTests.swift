import NIOHTTP1
import TestSupport
import Testing

@testable import Listener

@Suite(.blocking) struct FramingTests {
    @Test(
        arguments: [
            ([("Host", "h")], Framing.length(0)),
            ([("content-length", "5")], .length(5)),
            ([("Content-Length", "5 \t")], .length(5)),
            ([("Transfer-Encoding", "Chunked")], .chunked),
            ([("Content-Length", "5"), ("Content-Length", "5")], nil),
            ([("Content-Length", "5, 5")], nil),
            ([("Content-Length", "+5")], nil),
            ([("Content-Length", "")], nil),
            ([("Content-Length", "99999999999999999999")], nil),
            ([("Content-Length", "5"), ("Transfer-Encoding", "chunked")], nil),
            ([("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "chunked")], nil),
            ([("Transfer-Encoding", "gzip, chunked")], nil),
            ([("Transfer-Encoding", "identity")], nil),
        ] as [([(String, String)], Framing?)])
    func findsTheEnd(_ fields: [(String, String)], _ framing: Framing?) {
        let head = HTTPRequestHead(version: .http1_1, method: .POST, uri: "/", headers: HTTPHeaders(fields))
        #expect(Framing(head) == framing)
    }

    @Test func knowsNoCodingsInOldHTTP() {
        let headers: HTTPHeaders = ["Transfer-Encoding": "chunked"]
        #expect(Framing(HTTPRequestHead(version: .http1_0, method: .POST, uri: "/", headers: headers)) == nil)
    }
}
