extension SigningSecret {
    /// Below this length a secret occurs by chance, and is guessed as easily.
    private static let shortest = 8

    /// Whether the secret's bytes stand anywhere in these; not for a secret of less than 8 bytes.
    public func occurs(in bytes: [UInt8]) -> Bool {
        withKey { key in
            guard key.count >= Self.shortest, bytes.count >= key.count else { return false }
            return bytes.withUnsafeBufferPointer { bytes in
                key.withUnsafeBufferPointer { key in
                    (0...(bytes.count - key.count)).contains { start in
                        bytes[start] == key[0] && bytes[start..<(start + key.count)].elementsEqual(key)
                    }
                }
            }
        }
    }
}
