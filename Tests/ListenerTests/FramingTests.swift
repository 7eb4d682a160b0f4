import Notifications
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
        let head = RequestHead(
            method: "POST", target: "/", version: .http11, headers: fields.map { HeaderField($0.0, $0.1) })
        #expect(Framing(head) == framing)
    }

    @Test func knowsNoCodingsInOldHTTP() {
        let headers = [HeaderField("Transfer-Encoding", "chunked")]
        #expect(Framing(RequestHead(method: "POST", target: "/", version: .http10, headers: headers)) == nil)
    }
}
