extension SafeText {
    /// The text with spaces behind it, to fill that many columns. A longer one stays as it is.
    public func padded(to columns: Int) -> SafeText {
        self + .spaces(columns - width)
    }

    /// The text with spaces before it, to fill that many columns, as numbers want it. A longer one stays as it is.
    public func leftPadded(to columns: Int) -> SafeText {
        .spaces(columns - width) + self
    }
}
