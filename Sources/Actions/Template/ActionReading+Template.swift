internal import Settings

extension ActionReading {
    /// A template; the standard one where the setting is not there.
    ///
    /// - Returns: Nil where a problem was found.
    public mutating func template(_ key: String = "template", standard: String) -> Template? {
        let count = problems.count
        let written = text(key, expected: "a text with placeholders, such as \(standard)")
        guard problems.count == count else { return nil }
        do {
            return try Template(written?.value ?? standard)
        } catch {
            if let written { problem("“\(key)” of “\(name)”: \(error)", at: written.position) }
            return nil
        }
    }
}
