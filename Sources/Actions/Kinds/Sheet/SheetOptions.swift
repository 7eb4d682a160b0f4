internal import Notifications
internal import Settings

/// What the kinds that write rows have in common.
struct SheetOptions: Sendable {
    /// Columns behind the tutorial's five, for a sheet that has no header yet.
    var columns: [SheetColumn] = []
    var timestamps = SheetRow.TimestampForm.rfc3339

    /// Takes `columns` and `timestamps`; what is wrong with them becomes a problem of the reading.
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
        if let form = reading.text("timestamps", expected: "rfc3339 or epoch") {
            switch form.value {
            case "rfc3339": timestamps = .rfc3339
            case "epoch": timestamps = .epochMilliseconds
            default:
                reading.problem(
                    "“timestamps” of “\(reading.name)” is “\(form.value)”; expected is rfc3339 or epoch",
                    at: form.position)
            }
        }
    }

    init(columns: [SheetColumn] = [], timestamps: SheetRow.TimestampForm = .rfc3339) {
        self.columns = columns
        self.timestamps = timestamps
    }
}
