import SafeText

extension SafeText {
    /// The most scalars of one end of a text that any column could show.
    private static let mostShown = 500

    /// A text for a cell of a list.
    ///
    /// Who sends a name of a mebibyte would have every frame escape it, so all that could never be seen is left out.
    init(cell text: String) {
        guard text.utf8.count > 4 * Self.mostShown else {
            self.init(text)
            return
        }
        let scalars = text.unicodeScalars
        self.init(String(scalars.prefix(Self.mostShown)) + "…" + String(scalars.suffix(Self.mostShown)))
    }
}
