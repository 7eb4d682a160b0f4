extension HeaderField {
    /// Returns header fields as a JSON array of `[name, value]`, in order. A value that is not UTF-8 is followed by its bytes,
    /// as an array of numbers.
    public static func json(_ fields: [HeaderField]) -> String {
        String(decoding: jsonBytes(fields), as: UTF8.self)
    }

    /// Returns the UTF-8 bytes of `json(_:)`.
    public static func jsonBytes(_ fields: [HeaderField]) -> [UInt8] {
        // With room for a last value whose bytes might all be escaped.
        var writer = JSONWriter(capacity: fields.reduce(512) { $0 + $1.name.utf8.count + $1.value.utf8.count + 8 })
        writer.headers(fields, withBytes: true)
        return writer.bytes
    }

    /// Reads what `json(_:)` wrote.
    ///
    /// - Throws: `JSONError` where it is something else.
    public static func fields(fromJSON json: String) throws(JSONError) -> [HeaderField] {
        try Array(json.utf8).withUnsafeBufferPointer { bytes throws(JSONError) in
            try fields(fromJSON: UnsafeRawBufferPointer(bytes))
        }
    }

    /// Reads what `json(_:)` wrote.
    ///
    /// - Throws: `JSONError` where it is something else.
    public static func fields(fromJSON json: UnsafeRawBufferPointer) throws(JSONError) -> [HeaderField] {
        var fields: [HeaderField] = []
        fields.reserveCapacity(16)
        try scan(json) { name, value, raw throws(JSONError) in
            if let raw {
                fields.append(HeaderField(JSONString.decode(name), bytes: try bytes(raw)))
            } else {
                fields.append(HeaderField(JSONString.decode(name), JSONString.decode(value)))
            }
        }
        return fields
    }

    /// Visits the names and values of what `json(_:)` wrote, as strings of JSON with their quotes, and the array of a value's
    /// bytes where there is one.
    ///
    /// - Throws: `JSONError` where it is something else.
    @inline(__always)
    fileprivate static func scan(
        _ json: UnsafeRawBufferPointer,
        _ visit: (
            _ name: Slice<UnsafeBufferPointer<UInt8>>, _ value: Slice<UnsafeBufferPointer<UInt8>>,
            _ bytes: Slice<UnsafeBufferPointer<UInt8>>?
        ) throws(JSONError) -> Void
    ) throws(JSONError) {
        let start = json.baseAddress?.assumingMemoryBound(to: UInt8.self)
        let bytes = UnsafeBufferPointer(start: start, count: json.count)
        var scanner = JSONScanner(bytes)
        try scanner.elements { scanner throws(JSONError) in
            var (name, value, raw): (Range<Int>?, Range<Int>?, Range<Int>?)
            var count = 0
            try scanner.elements { scanner throws(JSONError) in
                switch count {
                case 0: name = try scanner.string()
                case 1: value = try scanner.string()
                default:
                    guard scanner.peek() == UInt8(ascii: "[") else {
                        throw JSONError(offset: scanner.index, problem: .expected("an array of bytes"))
                    }
                    raw = try scanner.value(depth: 2)
                }
                count += 1
            }
            guard count == 2 || count == 3, let name, let value else {
                throw JSONError(offset: scanner.index, problem: .expected("a name and a value"))
            }
            try visit(bytes[name], bytes[value], raw.map { bytes[$0] })
        }
        try scanner.expectEnd()
    }

    /// Reads an array of numbers from 0 to 255.
    private static func bytes(_ json: Slice<UnsafeBufferPointer<UInt8>>) throws(JSONError) -> [UInt8] {
        var scanner = JSONScanner(UnsafeBufferPointer(rebasing: json))
        var values: [UInt8] = []
        try scanner.elements { scanner throws(JSONError) in
            let range = try scanner.value(depth: 1)
            let text = json[(json.startIndex + range.lowerBound)..<(json.startIndex + range.upperBound)]
            guard let value = UInt8(String(decoding: text, as: UTF8.self)) else {
                throw JSONError(offset: json.startIndex + range.lowerBound, problem: .expected("a byte"))
            }
            values.append(value)
        }
        return values
    }
}

extension JSONWriter {
    /// Writes header fields as an array of `[name, value]`, in order, as exports have them.
    public mutating func headers(_ fields: [HeaderField]) {
        headers(fields, withBytes: false)
    }

    /// - Parameter withBytes: Whether a value that is not UTF-8 is followed by its bytes.
    fileprivate mutating func headers(_ fields: [HeaderField], withBytes: Bool) {
        syntax("[")
        for (index, field) in fields.enumerated() {
            if index > 0 { syntax(",") }
            syntax("[")
            string(field.name)
            syntax(",")
            string(field.value)
            if withBytes, let raw = field.rawBytes {
                syntax(",[")
                for (index, byte) in raw.enumerated() {
                    if index > 0 { syntax(",") }
                    integer(byte)
                }
                syntax("]")
            }
            syntax("]")
        }
        syntax("]")
    }

    /// Writes header fields that are recorded as JSON, as `headers(_:)` writes them.
    ///
    /// - Throws: `JSONError` where they are something else.
    public mutating func headers(recorded json: UnsafeRawBufferPointer) throws(JSONError) {
        syntax("[")
        var isFirst = true
        try HeaderField.scan(json) { name, value, _ throws(JSONError) in
            if !isFirst { syntax(",") }
            isFirst = false
            syntax("[")
            string(json: name)
            syntax(",")
            string(json: value)
            syntax("]")
        }
        syntax("]")
    }

    /// Writes a string that `JSONScanner` has checked.
    private mutating func string(json: Slice<UnsafeBufferPointer<UInt8>>) {
        let inner = UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: json.dropFirst().dropLast()))
        if inner.contains(UInt8(ascii: "\\")) {
            string(JSONString.decode(json))
        } else {
            _ = string(utf8: inner)
        }
    }
}
