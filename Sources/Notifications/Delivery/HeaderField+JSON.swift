extension HeaderField {
    /// Returns header fields as a JSON array of `[name, value]`, in order.
    public static func json(_ fields: [HeaderField]) -> String {
        String(decoding: jsonBytes(fields), as: UTF8.self)
    }

    /// Returns the UTF-8 bytes of `json(_:)`.
    public static func jsonBytes(_ fields: [HeaderField]) -> [UInt8] {
        var writer = JSONWriter(capacity: fields.reduce(2) { $0 + $1.name.utf8.count + $1.value.utf8.count + 8 })
        writer.headers(fields)
        return writer.bytes
    }

    /// Reads what `json(_:)` wrote.
    ///
    /// - Throws: `JSONError` where it is something else.
    public static func fields(fromJSON json: String) throws(JSONError) -> [HeaderField] {
        let bytes = Array(json.utf8)
        var fields: [HeaderField] = []
        try bytes.withUnsafeBufferPointer { bytes throws(JSONError) in
            var scanner = JSONScanner(bytes)
            try scanner.elements { scanner throws(JSONError) in
                var parts: [String] = []
                try scanner.elements { scanner throws(JSONError) in
                    parts.append(JSONString.decode(bytes[try scanner.string()]))
                }
                guard parts.count == 2 else {
                    throw JSONError(offset: scanner.index, problem: .expected("a name and a value"))
                }
                fields.append(HeaderField(parts[0], parts[1]))
            }
            try scanner.expectEnd()
        }
        return fields
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
}
