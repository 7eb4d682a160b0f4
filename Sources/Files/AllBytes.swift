import Foundation

/// Bytes that are written to a file whole, in however many calls.
public enum AllBytes {
    /// Writes bytes where the file stands, behind each other. They are not on the disk by that.
    ///
    /// - Returns: The error's number where not all of them were taken, and 0 where they were.
    public static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if count == 0 || errno != EINTR {
                return count == 0 ? ENOSPC : errno
            }
        }
        return 0
    }
}
