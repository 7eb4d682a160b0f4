internal import Notifications
internal import Settings

/// What the kinds that write rows have in common.
struct SheetOptions: Sendable {
    /// Columns behind the tutorial's five, for a sheet that has no header yet.
    var columns: [SheetColumn] = []
    var timestamps = SheetRow.TimestampForm.rfc3339
    var sizes = Sizes.exact

    /// How sizes are written.
    enum Sizes: Sendable, Hashable {
        /// As a number where a sheet's number holds it exactly, else as text.
        case exact
        /// Always as a number, which a sheet rounds beyond 2^53.
        case number
    }

    /// Reads `columns`, `timestamps` and `sizes`; what is wrong with them becomes a problem of the reading.
    init(_ reading: inout ActionReading) {
        let names = SheetColumn.more.compactMap(\.name)
        for name in reading.texts("columns", expected: "a list of \(names.joined(separator: ", "))", orOne: true) ?? []
        {
            guard let column = SheetColumn.more.first(where: { $0.name == name.value }) else {
                reading.problem(
                    "there is no column “\(name.value)” to add: the tutorial's five are always there, and there are"
                        + " \(names.joined(separator: ", "))", at: name.position)
                continue
            }
            guard !columns.contains(where: { $0.name == name.value }) else {
                reading.problem("the column “\(name.value)” is there twice: write it once", at: name.position)
                continue
            }
            columns.append(column)
        }
        if let form = reading.choice(
            "timestamps", of: ["rfc3339": SheetRow.TimestampForm.rfc3339, "epoch": .epochMilliseconds, "date": .date])
        {
            timestamps = form
        }
        if let form = reading.choice("sizes", of: ["exact": Sizes.exact, "number": .number]) { sizes = form }
    }

    init(
        columns: [SheetColumn] = [], timestamps: SheetRow.TimestampForm = .rfc3339, sizes: Sizes = .exact
    ) {
        self.columns = columns
        self.timestamps = timestamps
        self.sizes = sizes
    }
}
