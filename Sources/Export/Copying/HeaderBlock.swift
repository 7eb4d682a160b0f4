public import Notifications

/// The header fields of a request as lines, one each, in their order.
public enum HeaderBlock {
    /// `Name: value` lines in UTF-8, each with its newline.
    public static func bytes(_ headers: [HeaderField], _ policy: Masking) -> [UInt8] {
        policy.fields(of: headers).flatMap { Array("\($0.name): \($0.value)\n".utf8) }
    }
}

/// A request as it went over the wire: request line, header fields, an empty line, and the body's own bytes.
public enum RawRequest {
    /// The request with CRLF behind each line of its head.
    ///
    /// White space around header values, and how a chunked body was cut, are not kept by the listener; where only the
    /// start of the body was kept, only that is here.
    public static func bytes(_ delivery: Delivery, _ policy: Masking) -> [UInt8] {
        var head = "\(delivery.method) \(policy.target(delivery.target)) \(delivery.httpVersion)\r\n"
        for field in policy.fields(of: delivery.headers) { head += "\(field.name): \(field.value)\r\n" }
        return Array((head + "\r\n").utf8) + delivery.body
    }
}
