import SafeText

/// Writes compact JSON on one line, in which nothing is left that a terminal would obey: control, bidi and invisible
/// characters are escaped as `\u`, which changes no value.
public struct JSONWriter: Sendable {
    /// The text so far, in UTF-8.
    public private(set) var bytes: [UInt8] = []

    public init() {}

    /// Writes a piece of JSON as it is.
    public mutating func syntax(_ text: StaticString) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    public mutating func integer(_ number: some BinaryInteger) {
        bytes.append(contentsOf: String(number).utf8)
    }

    /// Writes a number with decimals; one that JSON cannot express, as `null`.
    public mutating func decimal(_ number: Double) {
        if number.isFinite { bytes.append(contentsOf: "\(number)".utf8) } else { syntax("null") }
    }

    public mutating func boolean(_ value: Bool) {
        syntax(value ? "true" : "false")
    }

    /// Writes a string with its quotes, or `null`.
    public mutating func string(_ text: String?) {
        guard let text else { return syntax("null") }
        bytes.append(UInt8(ascii: "\""))
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": syntax("\\\"")
            case "\\": syntax("\\\\")
            case "\n": syntax("\\n")
            case "\r": syntax("\\r")
            case "\t": syntax("\\t")
            default: character(scalar)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Writes JSON that was checked before, without the white space between its tokens; every value stays as it is.
    public mutating func compact(_ json: some Sequence<UInt8>) {
        var inString = false
        var isEscaped = false
        var decoder = UTF8()
        var iterator = json.makeIterator()
        while case .scalarValue(let scalar) = decoder.decode(&iterator) {
            if inString {
                character(scalar)
                if isEscaped {
                    isEscaped = false
                } else if scalar == "\\" {
                    isEscaped = true
                } else if scalar == "\"" {
                    inString = false
                }
            } else if scalar != " ", scalar != "\n", scalar != "\r", scalar != "\t" {
                inString = scalar == "\""
                character(scalar)
            }
        }
    }

    private mutating func character(_ scalar: Unicode.Scalar) {
        if (0x20..<0x7F).contains(scalar.value) {
            bytes.append(UInt8(truncatingIfNeeded: scalar.value))
        } else if scalar.value < 0x20 || SafeText.mustEscape(scalar) {
            for unit in UTF16.encode(scalar) ?? .init() {
                syntax("\\u")
                let digits = String(unit, radix: 16)
                bytes.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: 4 - digits.utf8.count))
                bytes.append(contentsOf: digits.utf8)
            }
        } else {
            bytes.append(contentsOf: UTF8.encode(scalar) ?? .init())
        }
    }
}
