import Foundation

/// The descriptors 0, 1 and 2.
enum StandardStreams {
    /// Fills those that are closed, lest a file of our own become one of them and be written over.
    ///
    /// Opened for reading only, so that writing still fails, as it does on a closed one.
    static func fill() {
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
            // The lowest that is free, which is this one.
            _ = open("/dev/null", O_RDONLY)
        }
    }
}
