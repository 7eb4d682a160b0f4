extension HeaderField {
    /// Returns header fields as a JSON array of `[name, value]`, in order.
    public static func json(_ fields: [HeaderField]) -> String {
        String(decoding: jsonBytes(fields), as: UTF8.self)
    }

    /// Returns the UTF-8 bytes of `json(_:)`.
    public static func jsonBytes(_ fields: [HeaderField]) -> [UInt8] {
        // With room for a last value whose bytes might all be escaped.
        var writer = JSONWriter(capacity: fields.reduce(512) { $0 + $1.name.utf8.count + $1.value.utf8.count + 8 })
        writer.headers(fields)
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
        try scan(json) { name, value throws(JSONError) in
            fields.append(HeaderField(JSONString.decode(name), JSONString.decode(value)))
        }
        return fields
    }

    /// Visits the names and values of what `json(_:)` wrote, as strings of JSON with their quotes.
    ///
    /// - Throws: `JSONError` where it is something else.
    @inline(__always)
    fileprivate static func scan(
        _ json: UnsafeRawBufferPointer,
        _ visit: (Slice<UnsafeBufferPointer<UInt8>>, Slice<UnsafeBufferPointer<UInt8>>) throws(JSONError) -> Void
    ) throws(JSONError) {
        let start = json.baseAddress?.assumingMemoryBound(to: UInt8.self)
        let bytes = UnsafeBufferPointer(start: start, count: json.count)
        var scanner = JSONScanner(bytes)
        try scanner.elements { scanner throws(JSONError) in
            var (name, value): (Range<Int>?, Range<Int>?)
            var count = 0
            try scanner.elements { scanner throws(JSONError) in
                let part = try scanner.string()
                if count == 0 { name = part } else { value = part }
                count += 1
            }
            guard count == 2, let name, let value else {
                throw JSONError(offset: scanner.index, problem: .expected("a name and a value"))
            }
            try visit(bytes[name], bytes[value])
        }
        try scanner.expectEnd()
    }
}

extension JSONWriter {
    /// Writes header fields as an array of `[name, value]`, in order.
    public mutating func headers(_ fields: [HeaderField]) {
        syntax("[")
        for (index, field) in fields.enumerated() {
            if index > 0 { syntax(",") }
            syntax("[")
            string(field.name)
            syntax(",")
            string(field.value)
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
        try HeaderField.scan(json) { name, value throws(JSONError) in
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
