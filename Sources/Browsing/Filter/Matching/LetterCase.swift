/// Letters without regard to case: Unicode's simple lower-casing, one character for one.
///
/// What is not ASCII stays so: the Kelvin sign is no `k`. So a pattern in ASCII can be compared byte by byte.
enum LetterCase {
    /// The lower case of the characters of one and two bytes, which are Latin, Greek, Cyrillic and the like.
    private static let table: [UInt32] = (0..<0x800).map { computed($0) }

    /// The lower case of a character.
    static func lower(_ unit: UInt32) -> UInt32 {
        unit < 0x800 ? table[Int(unit)] : computed(unit)
    }

    /// The upper case of a character, where that is one.
    static func upper(_ unit: UInt32) -> UInt32 {
        guard let scalar = Unicode.Scalar(unit) else { return unit }
        return single(scalar.properties.uppercaseMapping, instead: unit)
    }

    /// Whether a character is the same as some other but for case.
    static func isCased(_ unit: UInt32) -> Bool {
        guard let properties = Unicode.Scalar(unit)?.properties else { return false }
        return properties.changesWhenLowercased || properties.changesWhenUppercased
            || properties.changesWhenTitlecased || properties.isCased
    }

    /// Whether a pattern with this character is meant exactly.
    static func isUpper(_ unit: UInt32) -> Bool {
        lower(unit) != unit
    }

    private static func computed(_ unit: UInt32) -> UInt32 {
        guard let scalar = Unicode.Scalar(unit) else { return unit }
        return single(scalar.properties.lowercaseMapping, instead: unit)
    }

    private static func single(_ mapping: String, instead unit: UInt32) -> UInt32 {
        let scalars = mapping.unicodeScalars
        guard let only = scalars.first, scalars.count == 1, only.isASCII == (unit < 0x80) else { return unit }
        return only.value
    }
}
