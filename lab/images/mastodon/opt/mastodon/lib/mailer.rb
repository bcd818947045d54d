# frozen_string_literal: true

require "mail"
require "sidekiq"
require_relative "environment"

# Mail by the library that Mastodon has, with its settings (config/email.yml, lib/mastodon/email_configuration_helper.rb).
module Mailer
  STARTTLS = {
    "always" => { enable_starttls: true }, "never" => { enable_starttls: false, enable_starttls_auto: false },
    "auto" => { enable_starttls_auto: true }
  }.freeze

  def self.deliver(to, subject, text)
    mail = Mail.new(from: ENV.fetch("SMTP_FROM_ADDRESS"), to:, subject:, body: text, charset: "UTF-8")
    mail.delivery_method(*delivery)
    mail.deliver!
  end

  def self.delivery
    return [:file, { location: "tmp/mails" }] if ENV["SMTP_DELIVERY_METHOD"] == "file"

    method = ENV.fetch("SMTP_AUTH_METHOD", "plain")
    [:smtp, {
      address: ENV.fetch("SMTP_SERVER"), port: Integer(ENV.fetch("SMTP_PORT")), domain: ENV.fetch("LOCAL_DOMAIN"),
      user_name: ENV["SMTP_LOGIN"], password: ENV["SMTP_PASSWORD"], authentication: method == "none" ? nil : method.to_sym,
      ca_file: "/etc/ssl/certs/ca-certificates.crt", tls: ENV["SMTP_TLS"] == "true" ? true : nil, read_timeout: 20,
      **STARTTLS.fetch(ENV.fetch("SMTP_ENABLE_STARTTLS", "auto"))
    }]
  end
end

# ActionMailer's jobs are on this queue.
class MailJob
  include Sidekiq::Job
  sidekiq_options queue: "mailers"

  def perform(to, subject, text) = Mailer.deliver(to, subject, text)
end
