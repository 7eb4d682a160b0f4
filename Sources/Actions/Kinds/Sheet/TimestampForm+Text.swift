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
        func matches(_ pattern: String) -> Bool {
            bytes.count > pattern.utf8.count
                && zip(bytes, pattern.utf8).allSatisfy { $1 == UInt8(ascii: "d") ? digits.contains($0) : $0 == $1 }
        }
        if matches("dddd-dd-ddTdd:dd:dd") {
            self = .rfc3339
        } else if matches("dddd-dd-dd dd:dd:dd") {
            self = .date
        } else {
            return nil
        }
    }
}
