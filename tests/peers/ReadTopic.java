import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.StringDeserializer;

/** The reference client reads a topic from its beginning: ReadTopic SERVERS TOPIC COUNT prints one line a record. */
public class ReadTopic {
  public static void main(String[] arguments) {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", arguments[0]);
    settings.put("key.deserializer", StringDeserializer.class.getName());
    settings.put("value.deserializer", StringDeserializer.class.getName());
    settings.put("check.crcs", "true");
    int wanted = Integer.parseInt(arguments[2]);
    try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(settings)) {
      List<TopicPartition> all = consumer.partitionsFor(arguments[1]).stream()
          .map(p -> new TopicPartition(p.topic(), p.partition())).collect(Collectors.toList());
      consumer.assign(all);
      consumer.seekToBeginning(all);
      long until = System.currentTimeMillis() + 30_000;
      for (int seen = 0; seen < wanted && System.currentTimeMillis() < until; ) {
        for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(500))) {
          StringBuilder line = new StringBuilder();
          line.append(record.partition()).append('\t').append(record.offset()).append('\t').append(record.key());
          for (Header header : record.headers()) {
            line.append('\t').append(header.key()).append('=')
                .append(new String(header.value(), StandardCharsets.UTF_8));
          }
          System.out.println(line.append('\t').append(record.value()));
          seen++;
        }
      }
    }
  }
}
