# frozen_string_literal: true

require "base64"
require "json"
require "openssl"

# Private keys in the database as Rails' ActiveRecord encryption stores them (message_serializer.rb, cipher/aes256_gcm.rb, key_generator.rb):
# AES-256-GCM under a key that PBKDF2 derives from the primary key and the salt. With another of the two, nothing opens it.
module Keys
  def self.derived
    @derived ||= OpenSSL::PKCS5.pbkdf2_hmac(ENV.fetch("ACTIVE_RECORD_ENCRYPTION_PRIMARY_KEY"),
                                            ENV.fetch("ACTIVE_RECORD_ENCRYPTION_KEY_DERIVATION_SALT"), 2**16, 32, "SHA256")
  end

  def self.cipher(mode) = OpenSSL::Cipher.new("aes-256-gcm").public_send(mode).tap { |cipher| cipher.key = derived }

  def self.encrypt(text)
    cipher = self.cipher(:encrypt)
    iv = cipher.random_iv
    payload = cipher.update(text) + cipher.final
    JSON.generate({ p: Base64.strict_encode64(payload), h: { iv: Base64.strict_encode64(iv), at: Base64.strict_encode64(cipher.auth_tag) } })
  end

  def self.decrypt(text)
    message = JSON.parse(text)
    cipher = self.cipher(:decrypt)
    cipher.iv = Base64.strict_decode64(message.dig("h", "iv"))
    cipher.auth_tag = Base64.strict_decode64(message.dig("h", "at"))
    cipher.update(Base64.strict_decode64(message["p"])) + cipher.final
  rescue OpenSSL::Cipher::CipherError
    raise "ActiveRecord::Encryption::Errors::Decryption"
  end

  # Of an account: its private key, encrypted, and its public one.
  def self.pair
    key = OpenSSL::PKey::RSA.new(2048)
    [encrypt(key.to_pem), key.public_to_pem]
  end

  # As an HTTP signature has it.
  def self.sign(encrypted, text)
    Base64.strict_encode64(OpenSSL::PKey::RSA.new(decrypt(encrypted)).sign("SHA256", text))
  end
end
