internal import Notifications

/// What was seen of the sheet, and when.
struct GoogleSight: Sendable {
    /// How long a name stands for the same sheet at least, where row 1 was not read meanwhile: within that nobody renames
    /// one and makes another.
    private static let blink: Int64 = 3_000
    /// After how long the sheet of a name is looked for again, though row 1 has stayed the same.
    private static let usual: Int64 = 5_000
    /// The same while reads are short.
    private static let rare: Int64 = 60_000

    var sheet: GoogleSheetPlace.Sheet
    /// When the sheet was looked for by its name.
    let foundAt: Timestamp
    let row: GoogleSheetPlace.FirstRow
    /// Where b2watch's rows end.
    var end: GoogleSheetPlace.End
    /// When row 1 was read.
    let readAt: Timestamp

    /// Whether the name still stands for that sheet, if row 1 is still the same.
    func isBelieved(at time: Timestamp, isShortOfReads: Bool) -> Bool {
        let age = isShortOfReads ? Self.rare : Self.usual
        // Both are false where the clock was set back.
        return (0..<Self.blink).contains(time.milliseconds - readAt.milliseconds)
            && (0..<age).contains(time.milliseconds - foundAt.milliseconds)
    }
}
