internal import Notifications

extension SheetRow.TimestampForm {
    /// The form that a text of a sheet has; nil where it has neither, such as one of a person's own.
    init?(of text: String) {
        let bytes = Array(text.utf8)
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        // A sheet may show a number with commas or dots between thousands.
        let number = bytes.filter { $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: ".") }
        if number.count >= 12, number.allSatisfy(digits.contains) {
            self = .epochMilliseconds
            return
        }
        // 2026-01-01T10:11:12
        let pattern = Array("dddd-dd-ddTdd:dd:dd".utf8)
        let isMoment =
            bytes.count > pattern.count
            && zip(bytes, pattern).allSatisfy { $1 == UInt8(ascii: "d") ? digits.contains($0) : $0 == $1 }
        guard isMoment else { return nil }
        self = .rfc3339
    }
}
